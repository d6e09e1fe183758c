using Bazil.Storage.Cas;
using Bazil.Testing;

namespace Bazil.Storage.Tests.Cas;

/// <summary>How streams share the room for what they fetch ahead.</summary>
public sealed class ReadAheadRoomTests
{
    private readonly ManualTime _time = new();
    private readonly object _first = new(), _second = new(), _third = new();
    private readonly ReadAheadRoom _room;

    public ReadAheadRoomTests() => _room = new ReadAheadRoom(1000, _time);

    [Fact]
    public void One_stream_has_what_it_wants_up_to_all_of_it()
    {
        Assert.Equal(300, _room.Ask(_first, 0, 300));
        Assert.Equal(1000, _room.Ask(_first, 300, 5000));
    }

    [Fact]
    public void Another_stream_has_what_is_left_until_the_first_one_has_come_down_to_its_share()
    {
        Assert.Equal(900, _room.Ask(_first, 0, 900));
        Assert.Equal(100, _room.Ask(_second, 0, 900));
        Assert.Equal(700, _room.Ask(_first, 700, 900)); // what it has is not taken from it
        Assert.Equal(300, _room.Ask(_second, 100, 900));
        Assert.Equal(500, _room.Ask(_first, 200, 900));
        Assert.Equal(500, _room.Ask(_second, 100, 900));
        Assert.Equal(0, _room.Ask(_third, 0, 900));
        _room.Ask(_first, 300, 900);
        Assert.Equal(167, _room.Ask(_third, 0, 900));
    }

    [Fact]
    public void A_stream_that_ends_or_rests_leaves_its_room_to_the_others()
    {
        _room.Ask(_first, 0, 900);
        _room.Ask(_second, 0, 900);
        _room.Leave(_first);
        Assert.Equal(900, _room.Ask(_second, 100, 900));
        _time.Advance(ReadAheadRoom.IdleMax);
        Assert.Equal(900, _room.Ask(_third, 0, 900));
        _room.Leave(_second);
        Assert.Equal(1000, _room.Ask(_third, 900, 1000));
    }
}
