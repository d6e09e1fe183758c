using Bazil.Fuse.Kernel;
using Bazil.Fuse.Tests.Session;
using BenchmarkDotNet.Attributes;

namespace Bazil.Benchmarks;

/// <summary>
/// One request from its bytes to its answer, through parser, dispatcher and the memory file system, without the kernel.
/// </summary>
[MemoryDiagnoser]
public class FuseDispatch
{
    private readonly DispatcherHarness _harness = new();
    private byte[] _request = [];

    [Params("Lookup", "GetAttr", "Read", "Write")]
    public string Operation { get; set; } = "";

    [GlobalSetup]
    public void Prepare()
    {
        var requests = RequestBytes.All().ToDictionary(request => request.Opcode, request => request.Bytes);
        _harness.Ask(requests[Opcode.Create]);
        _harness.Ask(requests[Opcode.Write]);
        _harness.Channel.CountOnly = true;
        _request = requests[Enum.Parse<Opcode>(Operation)];
    }

    [Benchmark]
    public bool Handle() => _harness.Feed(_request);

    [GlobalCleanup]
    public void CleanUp() => _harness.Dispose();
}
