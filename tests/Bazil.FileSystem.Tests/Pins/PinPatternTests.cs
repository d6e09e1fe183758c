using System.Text;
using Bazil.FileSystem.Pins;

namespace Bazil.FileSystem.Tests.Pins;

public sealed class PinPatternTests
{
    [Theory]
    [InlineData("photos/*.jpg", "photos/a.jpg", true)]
    [InlineData("photos/*.jpg", "photos/.jpg", true)]
    [InlineData("photos/*.jpg", "photos/a.jpeg", false)]
    [InlineData("photos/*.jpg", "photos/x/a.jpg", false)]
    [InlineData("photos/*.jpg", "photos", false)]
    [InlineData("/photos/", "photos", true)]
    [InlineData("photos", "Photos", false)]
    [InlineData("**/*.pdf", "a.pdf", true)]
    [InlineData("**/*.pdf", "x/y/z/a.pdf", true)]
    [InlineData("**/*.pdf", "x/y/z/a.pdf/b", false)]
    [InlineData("a/**/z", "a/z", true)]
    [InlineData("a/**/z", "a/b/c/z", true)]
    [InlineData("a/**/z", "a/b/z/c", false)]
    [InlineData("a/**/**/z", "a/z", true)]
    [InlineData("a/**", "a", true)]
    [InlineData("a/**", "a/b", true)]
    [InlineData("a/**", "b", false)]
    [InlineData("*a*b*c", "xxaxbxbxxc", true)]
    [InlineData("*a*b*c", "xxaxbxbxx", false)]
    [InlineData("*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    [InlineData("?.txt", "ä.txt", true)]
    [InlineData("?.txt", "äö.txt", false)]
    [InlineData("??", "äö", true)]
    [InlineData("a?", "a", false)]
    [InlineData(@"\*", "*", true)]
    [InlineData(@"\*", "x", false)]
    [InlineData(@"a\?b", "a?b", true)]
    [InlineData("*", "anything", true)]
    [InlineData("*", "any/thing", false)]
    public void Pattern_names_what_it_says(string text, string path, bool isNamed)
    {
        Assert.True(PinPattern.TryParse(text, out PinPattern? pattern));
        ulong places = pattern.Start;
        foreach (string name in path.Split('/')) places = pattern.Step(places, Encoding.UTF8.GetBytes(name));
        Assert.Equal(isNamed, pattern.IsMatch(places));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("a//b")]
    [InlineData("a/../b")]
    [InlineData("./a")]
    [InlineData(@"a\")]
    [InlineData("a\0b")]
    public void What_no_path_could_match_is_no_pattern(string text) => Assert.False(PinPattern.TryParse(text, out _));

    [Fact]
    public void Pattern_is_bounded()
    {
        Assert.True(PinPattern.TryParse(new string('a', Limits.PinPatternBytesMax), out _));
        Assert.False(PinPattern.TryParse(new string('a', Limits.PinPatternBytesMax + 1), out _));
        Assert.True(PinPattern.TryParse(string.Join('/', Enumerable.Repeat("a", Limits.PinPatternPartsMax)), out PinPattern? longest));
        Assert.False(PinPattern.TryParse(string.Join('/', Enumerable.Repeat("a", Limits.PinPatternPartsMax + 1)), out _));
        ulong places = longest.Start;
        for (int name = 0; name < Limits.PinPatternPartsMax; name++) places = longest.Step(places, "a"u8);
        Assert.True(longest.IsMatch(places));
    }
}
