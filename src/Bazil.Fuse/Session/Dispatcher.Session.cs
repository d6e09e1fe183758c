using Bazil.Fuse.Kernel;

namespace Bazil.Fuse.Session;

/// <summary>Messages that want no answer.</summary>
internal sealed partial class Dispatcher
{
    private bool HandledWithoutReply(FuseRequest request)
    {
        switch (request.Header.Opcode)
        {
            case Opcode.Forget:
                Forget(request);
                break;
            case Opcode.BatchForget:
                ForgetMany(request);
                break;
            case Opcode.Interrupt:
                Interrupt(request);
                break;
            case Opcode.NotifyReply:
                Retrieved(request);
                break;
            default:
                return false;
        }

        request.WaiveReply();
        return true;
    }

    private void Forget(FuseRequest request)
    {
        var reader = request.OpenReader();
        if (reader.TryTake(out Abi.ForgetIn forget)) Forget(request.Node, forget.Lookups);
        else log(FuseLogLevel.Error, "malformed FORGET from the kernel", null);
    }

    private void ForgetMany(FuseRequest request)
    {
        var reader = request.OpenReader();
        var complete = reader.TryTake(out Abi.BatchForgetIn batch);
        for (var i = 0u; complete && i < batch.Count; i++)
        {
            complete = reader.TryTake(out Abi.ForgetOne one);
            if (complete) Forget(new FuseNodeId(one.NodeId), one.Lookups);
        }

        if (!complete) log(FuseLogLevel.Error, "malformed BATCH_FORGET from the kernel", null);
    }

    private void Interrupt(FuseRequest request)
    {
        var reader = request.OpenReader();
        if (!reader.TryTake(out Abi.InterruptIn interrupt)) log(FuseLogLevel.Error, "malformed INTERRUPT from the kernel", null);
        else if (InFlight.Interrupt(interrupt.Unique) is { } source) Cancel(source);
    }

    private void Retrieved(FuseRequest request)
    {
        var reader = request.OpenReader();
        if (!reader.TryTake(out Abi.RetrieveIn retrieved) || retrieved.Size > (uint)reader.Rest.Length)
        {
            log(FuseLogLevel.Error, "malformed NOTIFY_REPLY from the kernel", null);
            retrievals?.Complete(request.Header.Unique, null);
            return;
        }

        retrievals?.Complete(request.Header.Unique, reader.Rest[..(int)retrieved.Size].ToArray());
    }

    /// <summary>Also takes back a lookup whose answer did not reach the kernel.</summary>
    private void Forget(FuseNodeId node, ulong count)
    {
        try
        {
            fileSystem.Forget(node, count);
        }
        catch (Exception exception) // There is nobody to answer; the other forgets of a batch still count.
        {
            log(FuseLogLevel.Error, $"forgetting node {node.Value} failed", exception);
        }
    }
}
