using System.Text.RegularExpressions;

namespace Bazil.FileSystem.Tests.Mounted;

/// <summary>
/// What programs may expect of a file system, on a real mount. Each case is a function of a file in <c>Cases</c>, named as a
/// sentence; but for what only Bazil has, it passes on ext4 as well.
/// </summary>
public partial class PosixTests(RunningVolume running) : IClassFixture<RunningVolume>
{
    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (string path in Directory.GetFiles(MountedVolume.CasePath(""), "*.py").Where(path => Path.GetFileName(path) != "restart.py").Order())
        {
            foreach (Match match in CasePattern().Matches(File.ReadAllText(path))) cases.Add(Path.GetFileName(path), match.Groups["case"].Value);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Case(string file, string name) => running.Volume.RunCase(file, name);

    [GeneratedRegex(@"^def (?<case>[A-Z]\w+)\(d\)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex CasePattern();
}
