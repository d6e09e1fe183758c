using System.Globalization;
using System.Text;
using Bazil.Core;
using Bazil.FileSystem.Dynamic;
using Bazil.Storage.Stores;

namespace Bazil.FileSystem.Live;

// Reads and changes of content that is elsewhere.
public sealed partial class Volume
{
    private readonly ContentWaits? _waits;
    private long _lastUnreadable;

    /// <summary>Reads and changes by programs that have waited for content for a second or longer; the longest first.</summary>
    public IReadOnlyList<WaitingRead> ListWaitingReads() => _waits is null ? [] : [.. _waits.List().Take(Limits.WaitingReadsListed).Select(read => new WaitingRead(TextOf(read.Use), read.Use.Offset, read.Use.IsChange, read.Since, read.Problem))];

    /// <summary>Reads content that may be elsewhere. Nothing is held that others need.</summary>
    /// <param name="use">What is listed while it waits.</param>
    /// <param name="state">Given to <paramref name="read"/>.</param>
    /// <param name="read">Reads; called again when a store is back.</param>
    /// <param name="cancel">Ends the read and the wait.</param>
    internal async ValueTask<TResult> ReadContentAsync<TState, TResult>(ContentUse use, TState state, Func<TState, CancellationToken, ValueTask<TResult>> read, CancellationToken cancel)
    {
        try
        {
            return await (_waits is null ? read(state, cancel) : _waits.ReadAsync(use, state, read, cancel));
        }
        catch (IOException e)
        {
            LogUnreadable(use, e);
            throw;
        }
    }

    /// <summary>
    /// Changes the content of an open file. What the change needs of the stored content is fetched before, while nothing is held: a change that waits for content holds up no other one and no snapshot.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where; for the list.</param>
    /// <param name="state">Given to the functions.</param>
    /// <param name="bring">Fetches what the change needs; called without any lock.</param>
    /// <param name="change">Makes the change, under the file's gate. Called again when what was fetched is gone already and no store is there.</param>
    /// <param name="cancel">Ends the wait and the change.</param>
    private async ValueTask<TResult> ChangeContentAsync<TState, TResult>(
        OpenFile file, ulong offset, TState state, Func<TState, CancellationToken, ValueTask<bool>> bring, Func<TState, CancellationToken, ValueTask<TResult>> change, CancellationToken cancel)
    {
        for (bool isSecond = false; ; isSecond = true)
        {
            await ReadContentAsync(ContentUse.ChangeOf(file.Inode, offset), state, bring, cancel);
            await EnterChangeAsync(file, cancel);
            try
            {
                if (!file.HasUnsaved) file.StartDirtyTime(_options.Clock.GetTimestamp());
                return await change(state, cancel);
            }
            catch (StoreException e) when (e.IsUnreachable && !isSecond)
            {
                // The content was replaced meanwhile, or evicted on a full disk: it is waited for once more, by nobody else.
            }
            finally
            {
                ExitChange(file);
            }
        }
    }

    /// <summary>Says why a read failed, and what each store said: the program only gets a number. At most once a second.</summary>
    private void LogUnreadable(in ContentUse use, IOException reason)
    {
        long now = _options.Clock.GetTimestamp(), last = Interlocked.Read(ref _lastUnreadable);
        if (last != 0 && now - last < _options.Clock.TimestampFrequency) return;
        if (Interlocked.CompareExchange(ref _lastUnreadable, now, last) != last) return;
        _options.Log($"volume {Name}: {TextOf(use)} cannot be read: {reason.Message}", reason);
    }

    private string TextOf(in ContentUse use) => use.Node is { } node ? TextOf(node) : TextOf(use.Inode);

    /// <summary>A file or directory below <c>.snap</c> or <c>.bazil</c> as people know it.</summary>
    private string TextOf(VirtualNode node)
    {
        string text = node.FoundAs.ToString();
        VirtualNode top = node;
        while (top.FoundIn is { } directory) text = $"{(top = directory).FoundAs}/{text}";
        string below = top.FoundBelow == InodeId.Root ? "" : TextOf(top.FoundBelow);
        return below.Length == 0 ? text : $"{below}/{text}";
    }

    /// <summary>A file as people know it.</summary>
    private string TextOf(InodeId inode)
    {
        byte[]? path;
        lock (_gate) path = new Transaction(_store).FindPath(inode);
        return path is null ? string.Create(CultureInfo.InvariantCulture, $"inode {inode}") : Encoding.UTF8.GetString(path);
    }
}
