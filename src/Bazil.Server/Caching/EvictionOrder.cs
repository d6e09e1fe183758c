using Bazil.FileSystem.Eviction;

namespace Bazil.Server.Caching;

/// <summary>The files of volumes, those first that were not used for the longest time. Looks through the rows again for each <see cref="Limits.EvictionFilesPerLook"/> files, so that memory is bounded.</summary>
internal sealed class EvictionOrder(IReadOnlyList<EvictedVolume> volumes)
{
    public IEnumerable<(EvictedVolume Volume, EvictableContent Content)> Files()
    {
        (uint Hour, int Volume, ulong File) after = default;
        for (;;)
        {
            // The newest of those kept is at the head, and makes room for an older one.
            var oldest = new PriorityQueue<EvictableContent, (uint Hour, int Volume, ulong File)>(Comparer<(uint, int, ulong)>.Create(static (left, right) => right.CompareTo(left)));
            for (int number = 0; number < volumes.Count; number++)
            {
                foreach ((EvictableContent content, uint hour) in volumes[number].Counted.View!.ListFiles())
                {
                    (uint, int, ulong) place = (hour, number, content.File.Value);
                    if (place.CompareTo(after) <= 0 || volumes[number].Staying.ContainsKey(content.File)) continue;
                    if (oldest.Count < Limits.EvictionFilesPerLook) oldest.Enqueue(content, place);
                    else if (oldest.TryPeek(out _, out (uint, int, ulong) newest) && place.CompareTo(newest) < 0) oldest.DequeueEnqueue(content, place);
                }
            }

            if (oldest.Count == 0) yield break;
            var files = new List<(EvictableContent Content, (uint Hour, int Volume, ulong File) Place)>(oldest.Count);
            while (oldest.TryDequeue(out EvictableContent? content, out (uint, int, ulong) place)) files.Add((content, place));
            for (int index = files.Count - 1; index >= 0; index--) yield return (volumes[files[index].Place.Volume], files[index].Content);
            after = files[0].Place;
        }
    }
}
