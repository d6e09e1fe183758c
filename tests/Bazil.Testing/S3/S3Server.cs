using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Bazil.Testing.S3;

/// <summary>
/// Ceph's S3 gateway on a cluster of one disk in memory, on loopback. All of it are children of one script, which ends them when its input ends: with this process at the latest. Starting takes two seconds.
/// </summary>
public sealed class S3Server : IDisposable
{
    public const string AccessKey = "OWNERKEY";
    public const string SecretKey = "owner/secret+key";

    private const int Ports = 4;

    private static readonly string[] _programs = ["/usr/bin/radosgw", "/usr/bin/ceph-mon", "/usr/bin/ceph-osd", "/usr/bin/ceph", "/usr/bin/radosgw-admin"];
    private static readonly Lazy<S3Server> _shared = new(static () => new S3Server());
    private static int _buckets;

    private readonly string _directory = Directory.CreateTempSubdirectory("s3").FullName; // removed by the script
    private readonly Process _cluster;
    private readonly int[] _ports = FreePorts();

    public S3Server()
    {
        WriteCertificate();
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "S3", "cluster")) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add(_directory);
        foreach (int port in _ports) start.ArgumentList.Add(port.ToString(CultureInfo.InvariantCulture));
        _cluster = Process.Start(start)!;
        Expect("start");
        Client = ClientOf(AccessKey, SecretKey);
    }

    /// <summary>Why there is none here; null when there is.</summary>
    public static string? WhyNone => _programs.FirstOrDefault(static program => !File.Exists(program)) is { } missing ? $"{missing} is missing: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd" : null;

    /// <summary>The one that tests share which do not stop it.</summary>
    public static S3Server Shared => _shared.Value;

    /// <summary>Of the owner of all buckets.</summary>
    public AmazonS3Client Client { get; }

    public string Endpoint => $"http://127.0.0.1:{_ports[1]}";

    /// <summary>The same gateway over TLS, with a certificate that nobody trusts.</summary>
    public string SecureEndpoint => $"https://127.0.0.1:{_ports[2]}";

    /// <summary>Where <see cref="StartSkewed"/> listens.</summary>
    public string SkewedEndpoint => $"http://127.0.0.1:{_ports[3]}";

    public AmazonS3Client ClientOf(string accessKey, string secretKey) => new(new BasicAWSCredentials(accessKey, secretKey), new AmazonS3Config
    {
        ServiceURL = Endpoint, ForcePathStyle = true, RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED, ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
    });

    /// <summary>A new empty bucket.</summary>
    public async Task<string> MakeBucketAsync()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"bucket-{Interlocked.Increment(ref _buckets)}");
        await Client.PutBucketAsync(name);
        return name;
    }

    /// <summary>The names of all objects in a bucket.</summary>
    public async Task<List<string>> ListAsync(string bucket)
    {
        var names = new List<string>();
        await foreach (S3Object found in Client.Paginators.ListObjectsV2(new ListObjectsV2Request { BucketName = bucket }).S3Objects) names.Add(found.Key);
        return names;
    }

    /// <summary>Carries out a command of <c>radosgw-admin</c>.</summary>
    public void Administer(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("radosgw-admin", ["-c", Path.Combine(_directory, "ceph.conf"), .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"radosgw-admin {arguments[0]} failed");
    }

    /// <summary>Kills the gateway. What it has acknowledged stays.</summary>
    public void Stop() => Do("stop");

    public void Start() => Do("start");

    /// <summary>Starts a second gateway whose clock is an hour behind.</summary>
    public void StartSkewed() => Do("skewed");

    public void Dispose()
    {
        Client.Dispose();
        _cluster.StandardInput.Close();
        _cluster.WaitForExit();
        _cluster.Dispose();
    }

    private void Do(string command)
    {
        _cluster.StandardInput.WriteLine(command);
        _cluster.StandardInput.Flush();
        Expect(command);
    }

    private void Expect(string command)
    {
        string? answer = _cluster.StandardOutput.ReadLine();
        if (answer != "ok") throw new InvalidOperationException($"the cluster does not {command}: {answer}");
    }

    private void WriteCertificate()
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(_directory, "certificate.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_directory, "key.pem"), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Ports that are free now, all at once.</summary>
    private static int[] FreePorts()
    {
        var sockets = new List<Socket>();
        for (int index = 0; index < Ports; index++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            sockets.Add(socket);
        }

        int[] ports = [.. sockets.Select(static socket => ((IPEndPoint)socket.LocalEndPoint!).Port)];
        foreach (Socket socket in sockets) socket.Dispose();
        return ports;
    }
}
