namespace Bazil.Storage.Tests.Stores.Faults;

/// <summary>What may happen to a call.</summary>
public enum Fault
{
    None,

    /// <summary>It takes longer.</summary>
    Late,

    /// <summary>It fails, and nothing is done.</summary>
    Failing,

    /// <summary>It is done, and fails: the answer was lost.</summary>
    Lost,

    /// <summary>It never ends, unless it is cancelled.</summary>
    Hanging,

    /// <summary>A read brings other bytes.</summary>
    Lying,

    /// <summary>A read brings fewer bytes.</summary>
    CutOff,
}
