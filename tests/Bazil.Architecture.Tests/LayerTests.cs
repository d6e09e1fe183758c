using System.Reflection;
using System.Xml.Linq;

namespace Bazil.Architecture.Tests;

public class LayerTests
{
    [Fact]
    public void Projects_reference_lower_layers_only()
    {
        Assert.Empty(Layers.Violations(ProjectReferences()));
    }

    [Fact]
    public void Compiled_assemblies_reference_lower_layers_only()
    {
        List<(string, string)> references = [];
        foreach (string name in Layers.Assemblies)
        {
            // The program is called bazil, the others as their projects are.
            Assembly assembly = Assembly.Load(name == "Bazil.Cli" ? "bazil" : name);
            references.AddRange(assembly.GetReferencedAssemblies()
                .Where(reference => reference.Name!.StartsWith("Bazil.", StringComparison.Ordinal))
                .Select(reference => (name, reference.Name!)));
        }

        Assert.Empty(Layers.Violations(references));
    }

    [Fact]
    public void Every_project_of_src_has_a_layer()
    {
        Assert.Equal(Layers.Assemblies.Order(), ProjectFiles().Select(Path.GetFileNameWithoutExtension).Order());
    }

    [Theory]
    [InlineData("Bazil.FileSystem", "Bazil.Peers", "sibling")]
    [InlineData("Bazil.Fuse", "Bazil.Storage", "sibling")]
    [InlineData("Bazil.Fuse", "Bazil.FileSystem", "above")]
    [InlineData("Bazil.Core", "Bazil.Unix", "above")]
    [InlineData("Bazil.Server", "Bazil.Cli", "above")]
    [InlineData("Bazil.Helpers", "Bazil.Core", "no layer")]
    [InlineData("Bazil.Core", "Bazil.Helpers", "no layer")]
    public void Checker_refuses_a_wrong_reference(string from, string to, string reason) =>
        Assert.Contains(reason, Assert.Single(Layers.Violations([("Bazil.Cli", "Bazil.Core"), (from, to)])));

    private static IEnumerable<string> ProjectFiles() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories);

    private static IEnumerable<(string From, string To)> ProjectReferences() =>
        from project in ProjectFiles()
        from reference in XDocument.Load(project).Descendants("ProjectReference")
        select (Path.GetFileNameWithoutExtension(project), Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
}
