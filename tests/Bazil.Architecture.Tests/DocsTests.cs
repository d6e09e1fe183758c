using System.Text.RegularExpressions;

namespace Bazil.Architecture.Tests;

/// <summary>What the documents name exists: paths of the repository in backticks.</summary>
public partial class DocsTests
{
    [Fact]
    public void Paths_that_the_documents_name_exist()
    {
        IEnumerable<string> documents = Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories));
        var missing = from document in documents
                      from match in PathPattern().Matches(File.ReadAllText(document)).Cast<Match>()
                      let path = Path.Combine(Repository.Root, match.Groups[1].Value)
                      where !path.Contains("NNNN") && !File.Exists(path) && !Directory.Exists(path)
                      select $"{Repository.Relative(document)}: {match.Groups[1].Value}";
        Assert.Empty(missing);
    }

    /// <summary>In backticks, below src, tests, docs or scripts, without placeholders and wildcards.</summary>
    [GeneratedRegex("`((?:src|tests|docs|scripts)/[A-Za-z0-9_./-]+)`")]
    private static partial Regex PathPattern();
}
