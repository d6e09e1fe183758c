using System.Runtime.CompilerServices;

// Every signature is blittable: imports become direct calls without marshalling stubs.
[assembly: DisableRuntimeMarshalling]
