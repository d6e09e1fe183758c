using System.Globalization;
using Bazil.Core.Memory;
using Bazil.Server.Config;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Hosting;
using Bazil.Server.Volumes;
using Bazil.Storage.Blobs;
using Bazil.Storage.Buffers;
using Bazil.Storage.Cas;

namespace Bazil.Server.Commands;

/// <summary><c>bazil status -memory</c></summary>
internal sealed class MemoryCommands(ConfigStore config, VolumeRegistry volumes, NodeDatabase database, DirtyBudget budget, ChunkCache chunks)
{
    public void Register(ControlDispatcher dispatcher) => dispatcher.Add(ControlMethods.Memory, (_, _) => Task.FromResult(Report()));

    private MemoryReply Report()
    {
        var parts = new List<MemoryPartInfo>();
        parts.AddRange(database.MemoryUses.Select(static use => Describe(use, null)));
        parts.Add(Describe(new MemoryUse("chunk cache", chunks.UsedBytes, chunks.SizeBytesMax), null));
        parts.Add(Describe(new MemoryUse("dirty data", budget.UsedBytes, budget.SizeBytes), null));
        parts.Add(Describe(new MemoryUse("small writes", budget.OverlayBytes, budget.OverlayBytesMax), null));
        parts.Add(Describe(new MemoryUse("buffers for reuse", BufferPool.Shared.RetainedBytes, BufferPool.RetainedBytesMax), null));
        foreach (VolumeConfig volume in config.ListVolumes())
        {
            if (volumes.Find(volume.Id) is { } open) parts.AddRange(open.Volume.MemoryUses().Select(use => Describe(use, volume.Name)));
        }

        (long resident, long anonymous) = ReadProcess();
        return new MemoryReply(resident, anonymous, GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes, parts);
    }

    private static MemoryPartInfo Describe(MemoryUse use, string? volume) => new(use.Name, volume, use.UsedBytes, use.LimitBytes, use.Count, use.Bound);

    /// <summary>The lines of proc_pid_status(5), in kB.</summary>
    private static (long Resident, long Anonymous) ReadProcess()
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            string[] parts = line.Split((char[])[':', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (parts is [var name, var number, "kB"]) values[name] = long.Parse(number, CultureInfo.InvariantCulture) * 1024;
        }

        return (values.GetValueOrDefault("VmRSS"), values.GetValueOrDefault("RssAnon"));
    }
}
