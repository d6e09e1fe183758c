using System.Text.RegularExpressions;

namespace Bazil.Architecture.Tests;

/// <summary>Rules of STYLE.md that text alone can check. Each lists the places that break it.</summary>
public partial class TidyTests
{
    private const int MaxLines = 500;

    [Fact]
    public void No_file_is_longer_than_500_lines() =>
        Assert.Empty(All().Where(path => File.ReadLines(path).Count() > MaxLines).Select(Repository.Relative));

    [Fact]
    public void Nothing_is_left_unimplemented() =>
        Assert.Empty(All().Where(path => !IsThisProject(path) && File.ReadAllText(path).Contains("NotImplementedException")).Select(Repository.Relative));

    [Fact]
    public void No_test_sleeps() =>
        Assert.Empty(Repository.SourceFiles("tests")
            .Where(path => !IsThisProject(path) && File.ReadAllText(path).Contains("Thread.Sleep(")).Select(Repository.Relative));

    [Fact]
    public void Imports_of_one_native_library_are_in_one_folder()
    {
        var folders = from path in Repository.SourceFiles("src")
                      from match in ImportPattern().Matches(File.ReadAllText(path)).Cast<Match>()
                      let project = Repository.Relative(path).Split('/')[1]
                      group Path.GetDirectoryName(Repository.Relative(path))! by match.Groups[1].Value == "Library"
                          ? $"{project}: Library"
                          : match.Groups[1].Value;
        Assert.Empty(folders.Where(group => group.Distinct().Count() > 1)
            .Select(group => $"{group.Key}: {string.Join(", ", group.Distinct())}"));
    }

    [GeneratedRegex("""\[(?:LibraryImport|DllImport)\(\s*([^,)\s]+)""")]
    private static partial Regex ImportPattern();

    private static IEnumerable<string> All() => Repository.SourceFiles("src").Concat(Repository.SourceFiles("tests"));

    private static bool IsThisProject(string path) => path.Contains("/Bazil.Architecture.Tests/", StringComparison.Ordinal);
}
