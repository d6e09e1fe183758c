namespace Bazil.Peers.Calling;

/// <summary>How many notes a peer may still send: <see cref="Limits.NotesAtOnce"/>, and <see cref="Limits.NotesPerSecond"/> more each second. Not for concurrent use.</summary>
internal sealed class NoteAllowance(TimeProvider time)
{
    private double _left = Limits.NotesAtOnce;
    private long _filled = time.GetTimestamp();

    public bool TryTake()
    {
        long now = time.GetTimestamp();
        double more = time.GetElapsedTime(_filled, now).TotalSeconds * Limits.NotesPerSecond;
        _left = Math.Min(Limits.NotesAtOnce, _left + more);
        _filled = now;
        if (_left < 1) return false;
        _left--;
        return true;
    }
}
