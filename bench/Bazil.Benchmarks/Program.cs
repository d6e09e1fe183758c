using System.Text.Json;
using Bazil.Benchmarks;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

// In this process: what is measured needs no other settings than these, and building a second program takes longer than measuring.
var job = Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
var summary = BenchmarkRunner.Run<FuseDispatch>(DefaultConfig.Instance.AddJob(job).WithArtifactsPath(Path.GetFullPath("out/bench/artifacts")));
var results = summary.Reports.Select(report => new
{
    Operation = (string)report.BenchmarkCase.Parameters["Operation"],
    MeanNanoseconds = report.ResultStatistics?.Mean,
    AllocatedBytes = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase),
}).ToArray();
if (Environment.GetEnvironmentVariable("BAZIL_BENCH_RESULT") is { } path) File.WriteAllText(path, JsonSerializer.Serialize(results));
foreach (var result in results) Console.WriteLine($"{result.Operation}: {result.MeanNanoseconds:N0} ns, {result.AllocatedBytes} bytes allocated");
return results.Length == 4 && Array.TrueForAll(results, result => result is { MeanNanoseconds: not null, AllocatedBytes: 0 }) ? 0 : 1;
