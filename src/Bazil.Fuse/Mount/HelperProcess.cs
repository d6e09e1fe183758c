using System.Collections;
using System.Text;
using Bazil.Unix;
using Microsoft.Win32.SafeHandles;

namespace Bazil.Fuse.Mount;

/// <summary>
/// Runs a helper program with exactly the descriptors it needs. Every descriptor of ours closes on exec; the child gets its end
/// of the socket by a duplicate, so no program started at the same moment elsewhere inherits it.
/// </summary>
internal static unsafe class HelperProcess
{
    /// <summary>Where the child finds its end of the socket; named in _FUSE_COMMFD.</summary>
    private const int ChildSocket = 3;

    private const int StandardError = 2;

    /// <summary>Longest message of the program that is kept.</summary>
    private const int MessageBytes = 4096;

    internal static HelperResult Run(string program, IReadOnlyList<string> arguments, bool receivesDescriptor)
    {
        var (ours, theirs) = Pair(receivesDescriptor);
        var (messages, messagesIn) = Pipe();
        using var _ = ours;
        using var __ = messages;
        int processId;
        Errno error;
        using (theirs)
        using (messagesIn)
        {
            error = Start(program, arguments, theirs, messagesIn, out processId);
        }

        // Their ends are closed here, so that the end of the child ends what is read from it.
        if (error != Errno.OK) return new HelperResult(error, 0, "", null);
        var descriptor = ours is null ? null : ReceiveDescriptor(ours);
        var message = ReadAll(messages);
        return new HelperResult(Errno.OK, Wait(processId), message, descriptor);
    }

    private static Errno Start(
        string program, IReadOnlyList<string> arguments, SafeFileHandle? socket, SafeFileHandle messages, out int processId)
    {
        using var argumentBlock = new StringBlock([program, .. arguments]);
        using var environment = new StringBlock(Environment(socket is not null));
        var actions = stackalloc byte[Libc.SpawnFileActionsBytes];
        Check(Libc.SpawnFileActionsInit(actions));
        try
        {
            if (socket is not null) Check(Libc.SpawnFileActionsDuplicate(actions, (int)socket.DangerousGetHandle(), ChildSocket));
            Check(Libc.SpawnFileActionsDuplicate(actions, (int)messages.DangerousGetHandle(), StandardError));
            fixed (int* id = &processId)
            {
                return (Errno)Libc.Spawn(id, program, actions, null, argumentBlock.Pointers, environment.Pointers);
            }
        }
        finally
        {
            _ = Libc.SpawnFileActionsDestroy(actions);
        }
    }

    private static List<string> Environment(bool withSocket)
    {
        List<string> variables = [];
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            variables.Add($"{variable.Key}={variable.Value}");
        if (withSocket) variables.Add($"_FUSE_COMMFD={ChildSocket}");
        return variables;
    }

    /// <summary>The descriptor that comes with one byte of data; null when the program closed the socket without sending one.</summary>
    private static SafeFileHandle? ReceiveDescriptor(SafeFileHandle socket)
    {
        byte data;
        Libc.DescriptorMessage control = default;
        var vector = new Libc.IoVector { Base = &data, Length = 1 };
        var message = new Libc.MessageHeader
        {
            Vectors = &vector,
            VectorCount = 1,
            Control = &control,
            ControlLength = (nuint)sizeof(Libc.DescriptorMessage),
        };
        nint count;
        while ((count = Libc.ReceiveMessage(socket, &message, Libc.MSG_CMSG_CLOEXEC)) < 0 && Libc.LastError == Errno.EINTR)
        {
        }

        var carriesDescriptor = count > 0
            && message.ControlLength >= (nuint)(sizeof(Libc.DescriptorMessage) - sizeof(int))
            && control is { Level: Libc.SOL_SOCKET, Type: Libc.SCM_RIGHTS };
        return carriesDescriptor ? new SafeFileHandle(control.Descriptor, ownsHandle: true) : null;
    }

    private static string ReadAll(SafeFileHandle pipe)
    {
        var text = new StringBuilder();
        var buffer = stackalloc byte[512];
        while (true)
        {
            var count = Libc.Read(pipe, buffer, 512);
            if (count < 0 && Libc.LastError == Errno.EINTR) continue;
            if (count <= 0) return text.ToString().Trim();
            if (text.Length < MessageBytes) text.Append(Encoding.UTF8.GetString(buffer, (int)count));
        }
    }

    private static int Wait(int processId)
    {
        int status;
        while (Libc.WaitProcess(processId, &status, 0) < 0)
        {
            if (Libc.LastError != Errno.EINTR) throw new UnixException(Libc.LastError, "wait for", $"process {processId}");
        }

        return status;
    }

    private static (SafeFileHandle? Ours, SafeFileHandle? Theirs) Pair(bool wanted)
    {
        if (!wanted) return (null, null);
        var pair = stackalloc int[2];
        if (Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, pair) < 0)
            throw new UnixException(Libc.LastError, "make", "a socket pair");
        return (new SafeFileHandle(pair[0], ownsHandle: true), new SafeFileHandle(pair[1], ownsHandle: true));
    }

    private static (SafeFileHandle Out, SafeFileHandle In) Pipe()
    {
        var pair = stackalloc int[2];
        if (Libc.Pipe(pair, Libc.O_CLOEXEC) < 0) throw new UnixException(Libc.LastError, "make", "a pipe");
        return (new SafeFileHandle(pair[0], ownsHandle: true), new SafeFileHandle(pair[1], ownsHandle: true));
    }

    private static void Check(int error)
    {
        if (error != 0) throw new UnixException((Errno)error, "prepare", "the start of a program");
    }
}
