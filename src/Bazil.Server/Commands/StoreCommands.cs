using Bazil.Server.Control;
using Bazil.Server.Control.Messages;
using Bazil.Server.Storages;
using Bazil.Storage.Stores;

namespace Bazil.Server.Commands;

/// <summary>The commands below <c>bazil store</c>.</summary>
internal sealed class StoreCommands(StoragePool storages, StoreConversion conversion)
{
    public void Register(ControlDispatcher dispatcher)
    {
        dispatcher.Add(ControlMethods.StoreShow, (_, _) => Task.FromResult(Show()));
        dispatcher.Add(ControlMethods.StoreConvert, ConvertAsync);
    }

    private StoreInfo Show()
    {
        IObjectStore store = storages.OpenLocal().Inner;
        IObjectStore arena = store is ConvertingObjectStore converting ? converting.Target : store;
        StoreUsage usage = arena is IStoreInventory inventory ? inventory.Usage : default;
        return new StoreInfo(store.Name, usage.ObjectCount, usage.LiveBytes, usage.DeadBytes, usage.SegmentCount, !conversion.IsFinished);
    }

    private async Task<StoreConvertReply> ConvertAsync(Nothing request, CancellationToken cancel)
    {
        ConversionProgress done = await conversion.RunAsync(cancel);
        return new StoreConvertReply(done.Objects, done.Bytes, done.LeftObjects, done.Failure?.Message);
    }
}
