namespace Bazil.Storage.Stores.Elsewhere;

/// <summary>The bounds of what is asked of stores elsewhere, each with its reason.</summary>
public static class ElsewhereLimits
{
    /// <summary>Questions to one store at a time: with chunks of 128 KiB as much as one file is read ahead.</summary>
    public const int QuestionsUnderWay = 128;

    /// <summary>A store that has not answered for so long is taken for gone: the largest object takes a minute over a line of half a megabit. That a connection is dead is noticed before.</summary>
    public static readonly TimeSpan AnswerMax = TimeSpan.FromMinutes(2);

    /// <summary>A question that is cancelled after so long, in which the store has answered nobody, counts as a failure to reach it: otherwise one that hangs beside a fast one would be asked for ever.</summary>
    public static readonly TimeSpan DeafMin = TimeSpan.FromSeconds(5);

    /// <summary>Who ends waits so long for answers that were given up: a disk that hangs may hang for ever.</summary>
    public static readonly TimeSpan LateMax = TimeSpan.FromSeconds(5);

    /// <summary>Two failures within this time break the circuit.</summary>
    public static readonly TimeSpan BreakerSampling = TimeSpan.FromMinutes(1);

    /// <summary>The first break; each further one in a row is twice as long.</summary>
    public static readonly TimeSpan BreakMin = TimeSpan.FromSeconds(1);

    /// <summary>The longest break: so long after a machine is back it is noticed.</summary>
    public static readonly TimeSpan BreakMax = TimeSpan.FromSeconds(30);
}
