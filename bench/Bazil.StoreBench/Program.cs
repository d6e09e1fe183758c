using System.Globalization;
using Bazil.StoreBench;

// What bench/store/run measures of ours. Each command prints one line of numbers for it.
switch (args)
{
    case ["put", var sizeText, var threadsText, var secondsText, var compression]:
        await ChunkRates.PutAsync(Number(sizeText), Number(threadsText), Number(secondsText), compression == "on");
        return 0;
    case ["get", var sizeText, var threadsText, var secondsText, var compression]:
        await ChunkRates.GetAsync(Number(sizeText), Number(threadsText), Number(secondsText), compression == "on");
        return 0;
    case ["stream", var mebibytesText, var readAheadText]:
        await BlobRates.RunAsync(Number(mebibytesText), Number(readAheadText));
        return 0;
    case ["store", var kind, var storeDirectory, var tree, var compression]:
        await TreeCommands.StoreAsync(kind, storeDirectory, tree, compression == "on");
        return 0;
    case ["restore", var kind, var storeDirectory, var target]:
        await TreeCommands.RestoreAsync(kind, storeDirectory, target);
        return 0;
    case ["sync", var kind, var storeDirectory, var threadsText, var secondsText]:
        await SyncPuts.RunAsync(kind, storeDirectory, Number(threadsText), Number(secondsText));
        return 0;
    case ["fill", var kind, var storeDirectory, var countText]:
        await ManyObjects.FillAsync(kind, storeDirectory, Number(countText));
        return 0;
    case ["lookup", var kind, var storeDirectory, var countText]:
        await ManyObjects.LookUpAsync(kind, storeDirectory, Number(countText));
        return 0;
    case ["collect", var kind, var storeDirectory, var countText, var garbageText]:
        await ManyObjects.CollectAsync(kind, storeDirectory, Number(countText), Number(garbageText));
        return 0;
    default:
        Console.Error.WriteLine("usage: put|get BYTES THREADS SECONDS on|off; stream MEBIBYTES READAHEAD; store KIND STORE TREE on|off; restore KIND STORE TARGET; sync KIND STORE THREADS SECONDS; fill|lookup KIND STORE COUNT; collect KIND DIRECTORY COUNT GARBAGEPERCENT");
        return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
