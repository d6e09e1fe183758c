using System.Diagnostics;
using System.Globalization;

namespace Bazil.Cli.Tests.EndToEnd.Networks;

/// <summary>
/// Machines of a bad network: a namespace with an address of its own for each, and packets between them that take their time, are lost at random, or all of them while a cable is cut.
/// All goes through this process, so that no kernel module is needed. Needs root and /dev/net/tun.
/// </summary>
internal sealed class LossyNetwork : IAsyncDisposable
{
    private const int PacketSizeMax = 1 << 16;
    private const int DestinationOffset = 16; // of an IPv4 packet

    private readonly string[] _namespaces;
    private readonly TunDevice[] _devices;
    private readonly Thread[] _threads;
    private readonly TimeSpan _delay;
    private readonly double _loss;

    private readonly object _lock = new(); // guards all below; calls nothing outside
    private readonly PriorityQueue<(int To, byte[] Packet), (long Due, long Number)> _underway = new();
    private readonly HashSet<(int, int)> _cut = [];
    private readonly Random _random;
    private long _numbers;
    private bool _isOver;

    private LossyNetwork(int machines, TimeSpan delay, double loss, int seed)
    {
        (_delay, _loss, _random) = (delay, loss, new Random(seed));
        string suffix = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        _namespaces = [.. Enumerable.Range(0, machines).Select(i => $"bazil-n{suffix}-{i}")];
        _devices = [.. Enumerable.Range(0, machines).Select(i => new TunDevice($"bz{suffix}-{i}"))];
        _threads = [new Thread(Deliver), .. Enumerable.Range(0, machines).Select(i => new Thread(() => Take(i)))];
    }

    /// <summary>Why there can be none here, or null.</summary>
    public static string? Missing => !Environment.IsPrivilegedProcess ? "network namespaces need root" : !File.Exists("/dev/net/tun") ? "there is no /dev/net/tun here" : null;

    /// <param name="machines">How many there are.</param>
    /// <param name="delay">How long a packet takes; each a little more or less.</param>
    /// <param name="loss">The part of the packets that is lost, from 0 to 1.</param>
    /// <param name="seed">Of what is lost.</param>
    /// <param name="cancel">Ends the making.</param>
    public static async Task<LossyNetwork> StartAsync(int machines, TimeSpan delay, double loss, int seed, CancellationToken cancel)
    {
        var network = new LossyNetwork(machines, delay, loss, seed);
        try
        {
            for (int i = 0; i < machines; i++)
            {
                string space = network._namespaces[i], device = $"bz{Environment.ProcessId}-{i}";
                await ShellAsync(
                    $"""
                    ip netns add {space}
                    ip -n {space} link set lo up
                    ip link set {device} netns {space}
                    nsenter --net=/run/netns/{space} sh -c 'echo 1 >/proc/sys/net/ipv6/conf/{device}/disable_ipv6'
                    ip -n {space} addr add {network.AddressOf(i)}/24 dev {device}
                    ip -n {space} link set {device} up
                    """,
                    cancel);
            }

            foreach (Thread thread in network._threads) thread.Start();
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    public string NamespaceOf(int machine) => _namespaces[machine];

    public string AddressOf(int machine) => string.Create(CultureInfo.InvariantCulture, $"192.0.2.{machine + 1}");

    /// <summary>Nothing goes between the two any more; neither is told.</summary>
    public void Cut(int one, int other)
    {
        lock (_lock) _cut.Add((Math.Min(one, other), Math.Max(one, other)));
    }

    public void Mend(int one, int other)
    {
        lock (_lock) _cut.Remove((Math.Min(one, other), Math.Max(one, other)));
    }

    /// <summary>Pulls the cable of a machine, which sees it.</summary>
    public Task UnplugAsync(int machine, CancellationToken cancel) => ShellAsync($"ip -n {_namespaces[machine]} link set bz{Environment.ProcessId}-{machine} down", cancel);

    public Task PlugAsync(int machine, CancellationToken cancel) => ShellAsync($"ip -n {_namespaces[machine]} link set bz{Environment.ProcessId}-{machine} up", cancel);

    public async ValueTask DisposeAsync()
    {
        // Closing a device does not wake who reads it; its end does.
        foreach (string space in _namespaces) await ChildProcess.ShellAsync($"ip -n {space} -br link show type tun | while read -r name rest; do ip -n {space} link del $name; done; ip netns del {space} || true", "/", CancellationToken.None);
        lock (_lock)
        {
            _isOver = true;
            Monitor.PulseAll(_lock);
        }

        foreach (Thread thread in _threads.Where(static thread => thread.IsAlive)) thread.Join();
        foreach (TunDevice device in _devices) device.Dispose();
    }

    private static async Task ShellAsync(string command, CancellationToken cancel)
    {
        ChildProcess.Result result = await ChildProcess.ShellAsync(command, "/", cancel);
        Assert.True(result.Code == 0, ChildProcess.Describe(result));
    }

    private void Take(int from)
    {
        var buffer = new byte[PacketSizeMax];
        while (_devices[from].Read(buffer) is > 0 and var length)
        {
            if (length <= DestinationOffset + 3 || buffer[0] >> 4 != 4) continue;
            int to = buffer[DestinationOffset + 3] - 1;
            if (to < 0 || to >= _devices.Length) continue;
            lock (_lock)
            {
                if (_cut.Contains((Math.Min(from, to), Math.Max(from, to))) || _random.NextDouble() < _loss) continue;
                long due = Stopwatch.GetTimestamp() + (long)(_delay.TotalSeconds * (0.9 + (0.2 * _random.NextDouble())) * Stopwatch.Frequency);
                _underway.Enqueue((to, buffer[..length]), (due, _numbers++));
                Monitor.Pulse(_lock);
            }
        }
    }

    private void Deliver()
    {
        while (true)
        {
            (int To, byte[] Packet) next;
            lock (_lock)
            {
                while (true)
                {
                    if (_isOver) return;
                    if (!_underway.TryPeek(out _, out (long Due, long) at)) Monitor.Wait(_lock);
                    else if (at.Due > Stopwatch.GetTimestamp()) Monitor.Wait(_lock, TimeSpan.FromSeconds((double)(at.Due - Stopwatch.GetTimestamp()) / Stopwatch.Frequency) + TimeSpan.FromMilliseconds(1));
                    else break;
                }

                next = _underway.Dequeue();
            }

            _devices[next.To].Write(next.Packet);
        }
    }
}
