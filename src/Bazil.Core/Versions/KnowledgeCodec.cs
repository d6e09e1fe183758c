namespace Bazil.Core;

/// <summary>The canonical form of knowledge: count, then replica (16) and tick (variable) in the order of replica ids.</summary>
public static class KnowledgeCodec
{
    /// <summary>More replica ids than a volume of hundreds of peers restarted daily for years collects.</summary>
    public const int EntriesMax = 1 << 20;

    public static void Write(WireWriter writer, Knowledge knowledge)
    {
        writer.WriteVariable((ulong)knowledge.Count);
        foreach ((ReplicaId replica, ulong tick) in knowledge)
        {
            writer.WriteReplicaId(replica);
            writer.WriteVariable(tick);
        }
    }

    public static byte[] Encode(Knowledge knowledge)
    {
        var writer = new WireWriter();
        Write(writer, knowledge);
        return writer.ToArray();
    }

    /// <exception cref="WireFormatException">Not canonical: order, zero ticks, length.</exception>
    public static Knowledge Read(ref WireReader reader)
    {
        int count = reader.ReadCount(EntriesMax, ReplicaId.Size + 1);
        if (count == 0) return Knowledge.Empty;
        var replicas = new ReplicaId[count];
        ulong[] ticks = new ulong[count];
        for (int index = 0; index < count; index++)
        {
            replicas[index] = reader.ReadReplicaId();
            ticks[index] = reader.ReadVariable();
            if (ticks[index] == 0 || (index > 0 && replicas[index].CompareTo(replicas[index - 1]) <= 0)) throw reader.Malformed("knowledge is not in its canonical form");
        }

        return Knowledge.OfCanonical(replicas, ticks);
    }

    public static Knowledge Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes, "knowledge");
        Knowledge knowledge = Read(ref reader);
        reader.ExpectEnd();
        return knowledge;
    }
}
