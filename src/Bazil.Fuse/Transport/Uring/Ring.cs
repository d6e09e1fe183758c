using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Transport.Uring;

/// <summary>
/// One io_uring with 128-byte submissions. Made, used and disposed of by one thread: the kernel runs completions only
/// while that thread waits for them (SINGLE_ISSUER, DEFER_TASKRUN).
/// </summary>
/// <remarks>
/// Both queues are rings of a power of two of places in memory shared with the kernel; head and tail count on for ever. We move the tail of
/// submissions and the head of completions, the kernel moves the others.
/// </remarks>
internal sealed unsafe class Ring : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly byte* _rings;
    private readonly nuint _ringsBytes;
    private readonly UringAbi.Submission* _submissions;
    private readonly nuint _submissionsBytes;
    private readonly uint* _submissionHead;
    private readonly uint* _submissionTail;
    private readonly uint _submissionMask;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly uint _completionMask;
    private readonly UringAbi.Completion* _completions;

    /// <summary>Written, but the kernel does not know of them yet.</summary>
    private uint _staged;

    private Ring(SafeFileHandle file, in UringAbi.Parameters parameters, byte* rings, nuint ringsBytes, byte* submissions, nuint submissionsBytes)
    {
        _file = file;
        _rings = rings;
        _ringsBytes = ringsBytes;
        _submissions = (UringAbi.Submission*)submissions;
        _submissionsBytes = submissionsBytes;
        _submissionHead = (uint*)(rings + parameters.Submission.Head);
        _submissionTail = (uint*)(rings + parameters.Submission.Tail);
        _submissionMask = *(uint*)(rings + parameters.Submission.RingMask);
        _completionHead = (uint*)(rings + parameters.Completion.Head);
        _completionTail = (uint*)(rings + parameters.Completion.Tail);
        _completionMask = *(uint*)(rings + parameters.Completion.RingMask);
        _completions = (UringAbi.Completion*)(rings + parameters.Completion.Completions);
        // The array allows another order than that of the places, which nobody here wants.
        var array = (uint*)(rings + parameters.Submission.Array);
        for (var i = 0u; i <= _submissionMask; i++) array[i] = i;
    }

    /// <summary>Submissions written and not handed over.</summary>
    internal bool HasStaged => _staged > 0;

    internal bool HasCompletions => *_completionHead != Volatile.Read(ref *_completionTail);

    /// <summary>Null with the reason: the kernel is too old, does not allow it, or has no memory.</summary>
    internal static Ring? TryCreate(uint submissions, uint completions, out Errno error)
    {
        var parameters = new UringAbi.Parameters
        {
            CompletionEntries = completions,
            Flags = UringAbi.SetupLargeSubmissions | UringAbi.SetupCompletionSize | UringAbi.SetupSubmitAll
                | UringAbi.SetupSingleIssuer | UringAbi.SetupDeferTaskRun,
        };
        var descriptor = Libc.IoUringSetup(submissions, &parameters);
        if (descriptor < 0)
        {
            error = Libc.LastError;
            return null;
        }

        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        var ringsBytes = (nuint)Math.Max(
            parameters.Submission.Array + (parameters.SubmissionEntries * sizeof(uint)),
            parameters.Completion.Completions + (parameters.CompletionEntries * (uint)sizeof(UringAbi.Completion)));
        var submissionsBytes = (nuint)parameters.SubmissionEntries * (nuint)sizeof(UringAbi.Submission);
        var rings = (parameters.Features & UringAbi.FeatureSingleMap) != 0 ? Map(file, ringsBytes, UringAbi.OffsetRings, out error) : Refuse(out error);
        var places = rings is null ? null : Map(file, submissionsBytes, UringAbi.OffsetSubmissions, out error);
        if (places is not null) return new Ring(file, parameters, rings, ringsBytes, places, submissionsBytes);
        if (rings is not null) _ = Libc.MemoryUnmap(rings, ringsBytes);
        file.Dispose();
        return null;
    }

    /// <summary>A cleared place for a submission, which counts as written. Hands over what is there when the ring is full.</summary>
    internal ref UringAbi.Submission Stage(out Errno error)
    {
        error = Errno.OK;
        var tail = *_submissionTail;
        if (tail - Volatile.Read(ref *_submissionHead) > _submissionMask) error = Submit();
        ref var place = ref _submissions[tail & _submissionMask];
        place = default;
        Volatile.Write(ref *_submissionTail, tail + 1);
        _staged++;
        return ref place;
    }

    /// <summary>Hands over what was staged, without waiting for anything.</summary>
    internal Errno Submit() => Enter(0, 0);

    /// <summary>Hands over what was staged and waits for a completion.</summary>
    internal Errno SubmitAndWait() => Enter(1, UringAbi.EnterGetEvents);

    /// <summary>Hands over what was staged and collects what has completed.</summary>
    internal Errno SubmitAndPeek() => Enter(0, UringAbi.EnterGetEvents);

    internal bool TryTake(out UringAbi.Completion completion)
    {
        var head = *_completionHead;
        if (head == Volatile.Read(ref *_completionTail))
        {
            completion = default;
            return false;
        }

        completion = _completions[head & _completionMask];
        Volatile.Write(ref *_completionHead, head + 1);
        return true;
    }

    public void Dispose()
    {
        _file.Dispose();
        _ = Libc.MemoryUnmap(_submissions, _submissionsBytes);
        _ = Libc.MemoryUnmap(_rings, _ringsBytes);
    }

    private Errno Enter(uint complete, uint flags)
    {
        while (true)
        {
            var submitted = Libc.IoUringEnter(_file, _staged, complete, flags);
            if (submitted >= 0)
            {
                _staged -= (uint)submitted;
                return Errno.OK;
            }

            var error = Libc.LastError;
            // EBUSY: completions wait to be taken first.
            if (error == Errno.EBUSY && HasCompletions) return Errno.OK;
            if (error is not (Errno.EINTR or Errno.EAGAIN)) return error;
        }
    }

    private static byte* Map(SafeFileHandle file, nuint bytes, long offset, out Errno error)
    {
        var memory = Libc.MemoryMap(null, bytes, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED | Libc.MAP_POPULATE, file, offset);
        error = memory == Libc.MAP_FAILED ? Libc.LastError : Errno.OK;
        return error == Errno.OK ? (byte*)memory : null;
    }

    private static byte* Refuse(out Errno error)
    {
        error = Errno.EOPNOTSUPP;
        return null;
    }
}
