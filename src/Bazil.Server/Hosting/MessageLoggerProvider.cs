using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Bazil.Server.Hosting;

/// <summary>Log lines for people on standard error: <c>bazil: warning: …</c>. Stack traces only at the debug level.</summary>
internal sealed class MessageLoggerProvider(TextWriter messages, LogLevel level, TimeProvider time) : ILoggerProvider
{
    // Guards the writer, so that lines do not mix. Innermost.
    private readonly Lock _gate = new();

    public ILogger CreateLogger(string categoryName) => new MessageLogger(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose()
    {
    }

    private void Write(LogLevel severity, string category, string text, Exception? exception)
    {
        var line = new StringBuilder("bazil: ");
        if (level <= LogLevel.Debug)
        {
            line.Append(time.GetUtcNow().ToString("HH:mm:ss.fff ", CultureInfo.InvariantCulture)).Append(category).Append(": ");
        }

        line.Append(severity switch
        {
            LogLevel.Critical or LogLevel.Error => "error: ",
            LogLevel.Warning => "warning: ",
            _ => "",
        });
        line.Append(text);
        if (exception is not null) line.Append(level <= LogLevel.Debug ? $": {exception}" : $": {exception.Message}");
        lock (_gate) messages.WriteLine(line);
    }

    private sealed class MessageLogger(MessageLoggerProvider provider, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= provider.Level && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) provider.Write(logLevel, category, formatter(state, exception), exception);
        }
    }

    private LogLevel Level => level;
}
