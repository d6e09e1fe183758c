namespace Bazil.Storage.Stores;

/// <summary>A store could not do its work: disk, network, permission. The message names the store, the object and the reason.</summary>
public class StoreException(string message, Exception? inner = null) : IOException(message, inner);
