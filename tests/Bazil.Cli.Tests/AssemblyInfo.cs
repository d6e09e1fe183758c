// Each test starts servers and mounts of its own: side by side they would only slow each other down.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
