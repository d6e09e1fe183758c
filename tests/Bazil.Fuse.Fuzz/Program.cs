using System.Diagnostics;
using Bazil.Fuse.Fuzz;
using Bazil.Testing;

const long defaultInputs = 10_000_000;
var inputs = args is [var count, ..] ? long.Parse(count) : defaultInputs;
var seed = Seed.Take(7001);
var random = seed.CreateRandom();
using var stop = new CancellationTokenSource();
var time = Stopwatch.StartNew();
var threads = Environment.ProcessorCount;
var runs = Enumerable.Range(0, threads).Select(_ => new FuzzRun(random.Next())).ToArray();
var problems = await Task.WhenAll(runs.Select(run => Task.Factory.StartNew(
    () =>
    {
        var problem = run.Feed((inputs + threads - 1) / threads, stop.Token);
        if (problem is not null) stop.Cancel();
        return problem;
    },
    CancellationToken.None,
    TaskCreationOptions.LongRunning,
    TaskScheduler.Default)));
foreach (var problem in problems.OfType<string>()) Console.Error.WriteLine($"fuzz: {seed}: {problem}");
if (problems.Any(problem => problem is not null)) return 1;
Console.WriteLine(
    $"fuzz: {inputs:N0} inputs in {time.Elapsed.TotalSeconds:N0} s: {runs.Sum(run => run.Answered):N0} answered, "
    + $"{runs.Sum(run => run.Refused):N0} refused as malformed, none answered twice, no exception ({seed})");
return 0;
