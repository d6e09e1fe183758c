namespace Bazil.Cli.Tests;

/// <summary>A command line environment that keeps what is written and knows only the given variables.</summary>
internal static class TestEnvironment
{
    public static CliEnvironment Create(
        TextWriter? output = null, TextWriter? error = null, byte[]? input = null, bool inputIsTerminal = false, Dictionary<string, string>? variables = null, string workDirectory = "/work-directory") => new(
        output ?? TextWriter.Null,
        error ?? TextWriter.Null,
        () => new MemoryStream(input ?? []),
        inputIsTerminal,
        OutputIsTerminal: false,
        workDirectory,
        name => variables?.GetValueOrDefault(name));

    /// <summary>Runs one command line and returns its exit code and what it wrote.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(
        string[] args, byte[]? input = null, bool inputIsTerminal = false, Dictionary<string, string>? variables = null, string workDirectory = "/work-directory")
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int code = await CommandLine.RunAsync(
            args, Create(output, error, input, inputIsTerminal, variables, workDirectory), TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
