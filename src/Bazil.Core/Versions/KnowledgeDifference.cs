namespace Bazil.Core;

/// <summary>
/// Knowledge as what it has less than another one that covers it: of hundreds of members each knows nearly what all know. Count, then for each entry of the basis that
/// differs, one at least, in its order: how many entries are between it and the one before, and the tick, 0 for none, both variable.
/// </summary>
public static class KnowledgeDifference
{
    /// <summary>Writes the difference; nothing, and false, when the basis does not cover the knowledge, both are the same, or the difference has more entries than the knowledge.</summary>
    public static bool TryWrite(WireWriter writer, Knowledge basis, Knowledge knowledge)
    {
        var lower = new List<(int Index, ulong Tick)>();
        Knowledge.Enumerator own = knowledge.GetEnumerator();
        bool hasOwn = own.MoveNext();
        int index = 0;
        foreach ((ReplicaId replica, ulong tick) in basis)
        {
            ulong known = 0;
            if (hasOwn && own.Current.Key == replica)
            {
                known = own.Current.Value;
                hasOwn = own.MoveNext();
            }

            if (known > tick) return false;
            if (known < tick) lower.Add((index, known));
            index++;
        }

        if (hasOwn || lower.Count == 0 || lower.Count > knowledge.Count) return false;
        writer.WriteVariable((ulong)lower.Count);
        int next = 0;
        foreach ((int position, ulong tick) in lower)
        {
            writer.WriteVariable((ulong)(position - next));
            writer.WriteVariable(tick);
            next = position + 1;
        }

        return true;
    }

    /// <exception cref="WireFormatException">No difference from this basis.</exception>
    public static Knowledge Read(ref WireReader reader, Knowledge basis)
    {
        var lower = new (int Index, ulong Tick)[reader.ReadCount(basis.Count, 2)];
        if (lower.Length == 0) throw reader.Malformed("a difference of knowledge is none");
        ulong next = 0;
        for (int index = 0; index < lower.Length; index++)
        {
            ulong gap = reader.ReadVariable();
            if (gap >= (ulong)basis.Count - next) throw reader.Malformed("a difference of knowledge goes beyond what it differs from");
            lower[index] = ((int)(next + gap), reader.ReadVariable());
            next += gap + 1;
        }

        if (!basis.TryLower(lower, out Knowledge? knowledge)) throw reader.Malformed("a difference of knowledge is none");
        return knowledge;
    }
}
