using System.CommandLine;
using Bazil.Cli.Commands.Peer;
using Bazil.Cli.Output;
using Bazil.Server.Control;
using Bazil.Server.Control.Messages;

namespace Bazil.Cli.Commands.Volume;

/// <summary><c>bazil volume member list|remove</c></summary>
internal static class VolumeMemberCommand
{
    public static Command Create(CommandContext context) =>
        new("member", "The machines that have a volume in common.") { CreateList(context), CreateRemove(context) };

    private static Command CreateList(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        Option<bool> json = Json.Option();
        var command = new Command("list", "List the members of a volume, whoever added them.") { json, name };
        command.SetAction(async (parsed, cancel) =>
        {
            VolumeMemberListReply reply = await context.CallAsync(parsed, ControlMethods.VolumeMemberList, new VolumeRequest(parsed.GetRequiredValue(name)), cancel);
            if (parsed.GetValue(json)) Json.Print(context.Environment, reply);
            else Table.Print(context.Environment, ["MEMBER", "ALLOWED", "KNOWS"], reply.Members.Select(static member => new[] { NameOf(member), member.IsAllowed ? "yes" : "not here", KnowsText(member) }));
        });
        return command;
    }

    private static Command CreateRemove(CommandContext context)
    {
        Argument<string> name = VolumeCommand.NameArgument();
        Argument<string> peer = PeerCommand.PeerArgument();
        var command = new Command("remove", "Take a machine out of a volume, for all members. What it has it keeps.") { name, peer };
        command.SetAction(async (parsed, cancel) =>
        {
            string volume = parsed.GetRequiredValue(name), member = parsed.GetRequiredValue(peer);
            VolumeMemberRemoveReply reply = await context.CallAsync(parsed, ControlMethods.VolumeMemberRemove, new VolumeMemberRequest(volume, member), cancel);
            await context.Environment.Error.WriteLineAsync(
                $"bazil: {member} is no member of {volume} any more: members refuse it as soon as they hear of this, and nothing waits for it. It still has the sharing key {reply.SharingKey} and all it has pulled; what is new "
                + $"is kept from it by another key: {context.Environment.Hint($"bazil volume rotate -sharing=NAME {volume}")}");
        });
        return command;
    }

    private static string NameOf(VolumeMemberInfo member) => member.IsSelf ? "this node" : member.Nickname ?? member.PublicKey;

    private static string KnowsText(VolumeMemberInfo member) => member switch
    {
        { KnowsAll: true } => "all",
        { IsHeard: true } => "not all yet",
        _ => "never heard of",
    };
}
