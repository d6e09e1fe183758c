#!/usr/bin/env python3
"""Executable model of synchronisation (docs/sync.md), with a seeded random tester.

    python3 sync_model.py                          the named scenarios
    python3 sync_model.py --seeds 1000             scenarios, then random histories on 2..5 replicas
    python3 sync_model.py --seeds 1 --start 77 --replicas 3
    python3 sync_model.py --seeds 500 --without NAME   switch one rule off and watch a seed fail

A version is (tick, replica id); knowledge is {replica id: tick}. A node has facets ('content',), ('attr',), ('link', tick, rid); a
facet is a set of (version, value) pairs, here {version: value}, so equal values naturally keep all their versions. Everything the
model does not need (crypto, streams) is left out. Fields named `hist` and the table OPS belong to the oracle: no rule reads them.
"""
import argparse, random, sys

ROOT, MEMBERS, NONE = (0, 'root'), (0, 'members'), (0, '')
CONTENT, ATTR, MEMBER, ENDED = FACETS = ('content',), ('attr',), ('member',), ('ended',)
RULES = {'fresh-id': 'every start of a replica writes under a new replica id',
         'restamp': 'resolve and removal of a sibling write the kept value anew',
         'siblings': 'deletion removes only the shown content pair; siblings keep the node alive',
         'gone-order': 'the last place is the link emptied last, not the place written last',
         'keep-place': 'the last place of a living node is not purged',
         'purge-refs': 'a directory is not purged while anything left names it as parent',
         'closure': 'a puller asks for parents that it lacks',
         'named': 'those too that nothing is shown in: by a conflict of places, or by what is dead',
         'relink': 'a living node whose deletion is known only by absence gets its link written anew',
         'revive': 'a living node that one side of a pull may have purged is stamped, and without a link linked, anew',
         'horizon-travels': 'a completed pull joins the purge horizon too',
         'item-join': "an item's reference is the join with the reference it already had",
         'lost-tail': 'what was got from an incarnation whose remainder is lost is re-stamped',
         'lost-ref': 'the reference of such an item stays until every member has merged it',
         'purged-links': 'a living node without a link, of which one side of a merge has purged a link, is linked anew',
         'bury': 'a dead node is emptied by a change before it is purged',
         'twins': 'an operation on a name applies to every node that is shown there as one'}
OFF = set()                                            # rules switched off with --without
OPS = {}                                               # oracle: op id -> (nid, fid, written version or None, value, removed, seen, conflict)
WEAK = set()                                           # oracle: re-stamped versions; others may still hold them, with an equal value
INCARNATION, OWNER = [0], {}                           # replica ids made so far; replica id -> the member that signs for it

def on(rule): return rule not in OFF
def is_link(fid): return fid[0] == 'link'
def covers(k, v): return v[0] <= k.get(v[1], 0)
def leq(a, b):
    for r, t in a.items():
        if t > b.get(r, 0): return False
    return True
def join(a, b):
    """Knowledge is never changed in place, so what adds nothing is shared."""
    if a is b or leq(b, a): return a
    if leq(a, b): return b
    out = dict(a)
    for r, t in b.items():
        if t > out.get(r, 0): out[r] = t
    return out
def meet(ks): return {r: min([k.get(r, 0) for k in ks]) for r in ks[0]}

class Facet:
    """pairs; for a link also place = (version, (parent, name)), the largest seen, and gone = version of its last deletion."""
    def __init__(s, pairs=(), place=None, gone=None): s.pairs, s.place, s.gone = dict(pairs), place, gone
    def clone(s): return Facet(s.pairs, s.place, s.gone)
    def values(s): return set(s.pairs.values())
    def largest(s): return max(s.pairs.items())       # (version, value)

EMPTY = Facet()

def kept(f):
    """A pure function of a node, worked out once until the node is changed."""
    def g(s):
        if f not in s.seen: s.seen[f] = f(s)
        return s.seen[f]
    return g

class Node:
    """stamp: join of the versions of all changes in it (the `change` index); ref: knowledge of pulls that brought it.
    Shared with the state on disk until it is changed (Replica.edit); `seen` keeps until then what was worked out from it."""
    def __init__(s, kind): s.kind, s.facets, s.stamp, s.ref, s.doubt, s.owner, s.seen = kind, {}, {}, {}, False, None, {}
    def clone(s):
        n = Node(s.kind); n.facets = {f: x.clone() for f, x in s.facets.items()}
        n.stamp, n.ref, n.doubt = dict(s.stamp), s.ref, s.doubt; return n
    @kept
    def links(s): return [(f, x) for f, x in s.facets.items() if f[0] == 'link']
    @kept
    def live_links(s): return [(f, x) for f, x in s.facets.items() if f[0] == 'link' and x.pairs]
    @kept
    def lives(s): return bool(s.content().pairs if s.kind == 'f' else s.kind == 'd' and s.live_links())
    def content(s): return s.facets.get(CONTENT) or EMPTY
    @kept
    def last_link(s):
        """The link whose place is the node's last place when no link has a pair."""
        dead = [(f, x) for f, x in s.links() if x.place]
        order = (lambda e: (e[1].gone or NONE, e[1].place[0], e[0])) if on('gone-order') else (lambda e: (e[1].place[0], e[0]))
        return max(dead, key=order) if dead else None
    @kept
    def named(s):
        """The directories that it has as a place, shown or not."""
        return {p for _, l in s.links() for p, _ in [*l.pairs.values()] + ([l.place[1]] if l.place else [])}
    @kept
    def places(s):
        """[(link id, version, parent, name)]: of several values of a link the largest version wins."""
        out = [(f, *x.largest()) for f, x in s.live_links()]
        if not out and s.last_link(): f, x = s.last_link(); out = [(f, *x.place)]
        return sorted((f, v, p, name) for f, v, (p, name) in out)

# ---------------------------------------------------------------------------------------------- the shown tree
def living(nodes):
    """Content, a directory's link or a living descendant keeps a node alive."""
    alive, todo = {ROOT}, [n for n, x in nodes.items() if x.lives()]
    while todo:
        n = todo.pop()
        if n in alive: continue
        alive.add(n)
        for _, _, p, _ in nodes[n].places():
            if p in nodes: todo.append(p)
    return alive

class Tree:
    """Pure function of the replicated state: which nodes live, and what is shown where."""
    def __init__(s, nodes, alive):
        s.nodes, s.alive = nodes, alive
        s.entries = {}                                # parent -> name -> [(node, link id, version)]
        up = {n: nodes[n].places()[0] for n in s.alive if n != ROOT and nodes[n].kind == 'd' and nodes[n].places()}
        loose = set()                                 # cycle: the link with the smallest version in it is shown under the root
        for start in sorted(up):
            path, n = [], start
            while n in up and n not in loose and n not in path: path.append(n); n = up[n][2]
            if n in path: loose.add(min(path[path.index(n):], key=lambda m: (up[m][1], m)))
        for n in s.alive - {ROOT}:
            for f, v, p, name in nodes[n].places():
                if n in loose or (p != ROOT and p not in s.alive): p = ROOT        # also: parent not here yet
                s.entries.setdefault(p, {}).setdefault(name, []).append((n, f, v))
        s.dirs, s.files, s.listed = {(): [ROOT]}, {}, set()
        s.walk((), [ROOT])
    def walk(s, path, group):
        names = {}
        for d in group:
            for name, es in s.entries.get(d, {}).items(): names.setdefault(name, []).extend(es)
        for name in sorted(names):
            here, es = path + (name,), names[name]
            ds = sorted({n for n, _, _ in es if s.nodes[n].kind == 'd'})
            fs = sorted([e for e in es if s.nodes[e[0]].kind == 'f'], key=lambda e: (e[2], e[0], e[1]), reverse=True)
            s.listed.update(n for n, _, _ in es)
            if ds: s.dirs[here] = ds; s.walk(here, ds)         # directories unite, the smallest node id is primary
            if fs:
                first = s.nodes[fs[0][0]].content().values()
                twins = [e for e in fs if e[0] == fs[0][0] or (len(first) == 1 and s.nodes[e[0]].content().values() == first)]
                s.files[here] = (not ds, twins, [e for e in fs if e not in twins])   # (in place?, shown as one, conflicts)
    def key(s): return (s.dirs, s.files)

def inside(nodes, tree, path, above=False):
    """What is shown at a path, and all that names a directory of it as a place; with the directories above it."""
    _, twins, conflicts = tree.files.get(path, (0, [], []))
    found = {*tree.dirs.get(path, []), *(e[0] for e in twins + conflicts)}
    up = {d for k in range(1, len(path)) for d in tree.dirs.get(path[:k], [])} if above and found else set()
    while more := {n for n, x in nodes.items() if n not in found and not found.isdisjoint(x.named())}: found |= more
    return found | up

# ---------------------------------------------------------------------------------------------- a replica
class Replica:
    STATE = 'nodes know horizon mk tick choice hist rid got'.split()
    def __init__(s, name, names):
        s.name, s.tick, s.rid, s.gen, s.synced, s.mark, s.seen, s.pulled, s.rested = name, len(names), None, 0, -1, None, {}, {}, -1
        s.know, s.horizon, s.mk, s.choice, s.hist, s.got = {'genesis': len(names)}, {}, {}, {}, {}, {}
        m = Node('m'); m.facets[MEMBER] = Facet({(i + 1, 'genesis'): x for i, x in enumerate(names)}); m.stamp = dict(s.know)
        r = Node('d'); r.stamp = {}
        s.nodes = {ROOT: r, MEMBERS: m}
        s.fresh = True; s.sync()
    # -- durability
    def clone(s):
        return dict(nodes=dict(s.nodes), know=s.know, horizon=s.horizon, tick=s.tick, mk=dict(s.mk), choice=dict(s.choice), hist=dict(s.hist), rid=s.rid, got=dict(s.got))
    def sync(s):
        if s.synced != s.gen: s.disk, s.synced, s.mark = s.clone(), s.gen, object()
    def start(s, state):
        """Start from what the disk holds: after a crash the last synced state, after a rollback an old backup."""
        s.disk = state; s.gen += 1; s.synced, s.mark = s.gen, object()
        for f, x in state.items(): setattr(s, f, dict(x) if f in ('nodes', 'mk', 'choice', 'hist', 'got') else x)
        s.tick = max([*s.know.values(), *(t for n in s.nodes.values() for t in n.ref.values())])
        if on('fresh-id'): s.fresh = True
    def edit(s, nid):
        """The node for changing it; the disk, and replicas that start from a copy of it, keep the old one."""
        s.gen += 1; n = s.nodes[nid]
        if n.owner is not s.mark: n = s.nodes[nid] = n.clone(); n.owner = s.mark
        n.seen = {}
        return n
    def add(s, nid, kind): s.gen += 1; n = s.nodes[nid] = Node(kind); n.owner = s.mark; return n
    # -- local changes
    def new_id(s, number): return f'{s.name}{number}'
    def stamp(s):
        if s.fresh or not s.rid: INCARNATION[0] += 1; s.rid, s.fresh = s.new_id(INCARNATION[0]), False; OWNER[s.rid] = s.name
        s.tick += 1; s.know = {**s.know, s.rid: s.tick}; s.gen += 1
        return (s.tick, s.rid)
    def change(s, v, nid, fid, remove=(), add=None, gone=False):
        """One facet changed by local change v: pairs `remove` go, (v, add) comes."""
        n = s.edit(nid); f = n.facets.setdefault(fid, Facet())
        op = (v, nid, fid, len(OPS))
        OPS[op] = (nid, fid, v if add is not None else None, add, tuple(remove),
                   frozenset(OPS[o][2] for o in s.hist.get(nid, ()) if OPS[o][1] == fid), len(f.values()) > 1)
        s.hist[nid] = s.hist.get(nid, frozenset()) | {op}
        for r in remove: f.pairs.pop(r, None)
        if add is not None: f.pairs[v] = add
        if add is not None and is_link(fid): f.place = max(f.place or (NONE, None), (v, add))
        if gone: f.gone = max(f.gone or NONE, v)
        n.stamp = {**n.stamp, v[1]: v[0]}; n.seen = {}
    def memo(s, what, make):
        """A pure function of the state, worked out once for each state."""
        if s.seen.get('gen') != s.gen: s.seen = {'gen': s.gen}
        if what not in s.seen: s.seen[what] = make()
        return s.seen[what]
    def alive(s): return s.memo('alive', lambda: living(s.nodes))
    def tree(s): return s.memo('tree', lambda: Tree(s.nodes, s.alive()))
    def shown(s, nid):
        """The content value in place: the local choice while it is there, else the largest version's."""
        f = s.nodes[nid].content()
        if not f.pairs: return None
        return s.choice[nid] if s.choice.get(nid) in f.values() else f.largest()[1]
    def group(s, f, value): return [v for v, x in f.pairs.items() if x == value]
    def twins(s, es): return es if on('twins') else es[:1]
    def new(s, kind, parent, name, data=None):
        v = s.stamp(); s.add(v, kind)
        s.change(v, v, ('link', *v), add=(parent, name)); s.change(v, v, ATTR, add=0o644)
        if kind == 'f': s.change(v, v, CONTENT, add=data); s.choice[v] = data
        return v
    def write(s, es, data):
        """Save a file: replaces only the shown pair; nodes that were shown with it as one go."""
        nid, v = es[0][0], s.stamp(); f = s.nodes[nid].content(); t = s.tree()
        names = sorted({(n, l) for g in ([es] if len(s.nodes[nid].live_links()) < 2 else [e[1] for e in t.files.values() if e[0] and any(x[0] == nid for x in e[1])])
                        for n, l, _ in s.twins(g) if n != nid})
        s.change(v, nid, CONTENT, remove=s.group(f, s.shown(nid)), add=data); s.choice[nid] = data
        if not s.nodes[nid].facets.get(ATTR, EMPTY).pairs: s.change(v, nid, ATTR, add=0o644)    # they went with a deletion
        for n, l in names: s.unlink_one(v, n, l)
    def unlink_one(s, v, nid, lid):
        n = s.nodes[nid]; others = [f for f, _ in n.live_links() if f != lid]
        s.change(v, nid, lid, remove=list(n.facets[lid].pairs), gone=True)
        if others: return
        if n.kind == 'f':                             # last link: the deletion proper
            c = n.content(); s.change(v, nid, CONTENT, remove=s.group(c, s.shown(nid)) if on('siblings') else list(c.pairs))
        s.change(v, nid, ATTR, remove=list(n.facets.get(ATTR, Facet()).pairs))
    def unlink(s, es):
        v = s.stamp()
        for n, l, _ in s.twins(es):
            if n in s.nodes: s.unlink_one(v, n, l)
    def rmdir(s, ds):
        v = s.stamp()
        for d in s.twins(ds): s.unlink_one(v, d, s.nodes[d].places()[0][0])
    def rename(s, moved, parent, name, over=()):
        """moved: [(node, link id)]; one link rewritten for each, whatever lies below. over: what the name shows, and loses."""
        v = s.stamp()
        for n, l, _ in s.twins(over): s.unlink_one(v, n, l)
        for n, l in s.twins(moved):
            f = s.nodes[n].facets[l]
            s.change(v, n, l, remove=s.group(f, f.largest()[1]) if f.pairs else [], add=(parent, name))
    def link(s, nid, parent, name): v = s.stamp(); s.change(v, nid, ('link', *v), add=(parent, name)); return v
    def chmod(s, nid, mode):
        f = s.nodes[nid].facets.get(ATTR, EMPTY)
        if f.pairs and f.largest()[1] == mode: return                                    # nothing is changed by what is so already
        s.change(s.stamp(), nid, ATTR, remove=s.group(f, f.largest()[1]) if f.pairs else [], add=mode)
    def resolve(s, nid, fid, keep, drop=None):
        """Keep one value; drop the others, or only `drop` (removal of a sibling under .bazil/conflicts)."""
        f, v = s.nodes[nid].facets[fid], s.stamp()
        gone = [x for x, val in f.pairs.items() if (val != keep if drop is None else val == drop)]
        if on('restamp'): s.change(v, nid, fid, remove=gone + s.group(f, keep), add=keep)
        else: s.change(v, nid, fid, remove=gone)
        if fid == CONTENT: s.choice[nid] = keep
    def resolve_name(s, es, other):
        """Two files on one name: keep the shown one (written anew), delete the other."""
        nid, v = es[0][0], s.stamp(); keep = s.shown(nid)
        if on('restamp'): s.change(v, nid, CONTENT, remove=s.group(s.nodes[nid].content(), keep), add=keep); s.choice[nid] = keep
        s.unlink_one(v, other[0], other[1])
    # -- members
    def members(s): return s.memo('members', s.nodes[MEMBERS].facets[MEMBER].values)
    def add_member(s, m): s.change(s.stamp(), MEMBERS, MEMBER, add=m)
    def remove_member(s, m): s.change(s.stamp(), MEMBERS, MEMBER, remove=s.group(s.nodes[MEMBERS].facets[MEMBER], m)); s.purge()
    # -- merge and pull
    def effective(s, n): return join(s.know, n.ref) if n else s.know
    def merge(s, nid, theirs, theirs_eff, theirs_horizon):
        """The one rule: keep what both have and what the other's knowledge does not cover. theirs=None: absent there."""
        mine = s.nodes.get(nid)
        if mine is None and theirs is None: return
        fresh, my_eff = mine is None, s.effective(mine)
        mine = s.add(nid, theirs.kind) if fresh else s.edit(nid)
        if fresh and not leq(s.horizon, theirs_eff) or not theirs and not leq(theirs_horizon, my_eff): mine.doubt = True
        shown, had = s.shown(nid), () if fresh else set(mine.facets)
        for fid in sorted(mine.facets.keys() | (theirs.facets.keys() if theirs else set())):
            b, a = mine.facets.get(fid), theirs.facets.get(fid) if theirs else None
            b, a = b or EMPTY, a or EMPTY
            out = Facet({v: x for v, x in b.pairs.items() if v in a.pairs or not covers(theirs_eff, v)})
            out.pairs.update({v: x for v, x in a.pairs.items() if v in b.pairs or not covers(my_eff, v)})
            if is_link(fid): out.place, out.gone = max(filter(None, (a.place, b.place))), max(filter(None, (a.gone, b.gone)), default=None)
            mine.facets[fid] = out
        if theirs and not fresh and on('purged-links') and not mine.live_links() and any(
                l.gone and (f not in theirs.facets and covers(theirs_eff, l.gone) or f not in had and covers(my_eff, l.gone)) for f, l in mine.links()): mine.doubt = True
        if theirs: mine.stamp = join(mine.stamp, theirs.stamp)
        mine.ref = join(mine.ref, theirs_eff) if on('item-join') else dict(theirs_eff)
        mine.seen = {}
        if shown is not None and shown in mine.content().values(): s.choice[nid] = shown
        else: s.choice.pop(nid, None)
        s.tick = max([s.tick, *mine.stamp.values(), *mine.ref.values()])
    def take(s, a, n):
        """Merges one node of a serving replica, or its absence."""
        x = a['nodes'].get(n); s.merge(n, x, join(a['know'], x.ref) if x else a['know'], a['horizon'])
        mine, other = s.hist.get(n, frozenset()), a['hist'].get(n, frozenset())
        if not other <= mine: s.hist[n] = mine | other
    def take_lacking(s, a):
        while on('closure') and (lack := s.lacking() & a['nodes'].keys()):                # purged here but needed again, or outside of a part
            for n in sorted(lack): s.take(a, n)
    def part(s, peer, path):
        """A pull of what lies at a path, on either side, with the directories above it and the members. It is a pull that was left before its end: knowledge stays."""
        if s.name not in peer.members() or peer.name not in s.members(): return          # refused
        peer.sync(); a = peer.disk; nodes = a['nodes']; full = not leq(a['horizon'], s.know)
        changed = lambda n: full if n not in nodes else full or not leq(nodes[n].stamp, s.know)
        s.parting(peer, path); served = inside(nodes, peer.tree(), path, above=True) | {MEMBERS}
        for n in sorted(filter(changed, served)): s.take(a, n)
        for n in sorted(filter(changed, inside(s.nodes, s.tree(), path) - served)): s.take(a, n)
        s.take_lacking(a)
    def pull(s, peer, order=random):
        """Generator: one step for each item, so that a pull can be left at any point. The peer serves what is durable."""
        if s.name not in peer.members() or peer.name not in s.members(): return          # refused
        peer.sync(); a = peer.disk; nodes = a['nodes']
        full = not leq(a['horizon'], s.know)                                             # purged things we may still have
        new = full or not leq(a['know'], s.know)                                         # else only what an interrupted pull brought there can be
        items = sorted(n for n, x in nodes.items() if (new or x.ref) and n != ROOT and (full or not leq(x.stamp, s.know)))
        order.shuffle(items)
        know, taken = s.got.get(peer.name, ({}, frozenset()))                            # what an interrupted pull from this peer brought, and of when it was
        if full or not taken or not leq(know, a['know']): know, taken = a['know'], frozenset()
        rest = [n for n in items if n not in taken or not leq(nodes[n].stamp, know)]
        s.pulling(peer, rest, len(items))
        for n in rest: s.take(a, n); taken |= {n}; s.got[peer.name] = know, taken; yield
        for n in sorted(n for n in s.nodes if full and n not in nodes): s.take(a, n)
        s.take_lacking(a)
        s.got.pop(peer.name, None); s.complete(peer.name, a)
    def lacking(s):
        """Directories that are not here and that something here has as a place, shown or not: of a conflict, of what is dead, the last one."""
        if on('named'): return s.memo('lacking', lambda: {p for n in s.nodes.values() for p in n.named() if p not in s.nodes})
        return {p for n in s.alive() - {ROOT} for _, _, p, _ in s.nodes[n].places()} - s.nodes.keys()
    def pulling(s, peer, items, count): pass                                              # for who looks on: what comes, and of how much
    def parting(s, peer, path): pass
    def complete(s, name, a):
        """Completion, one step: knowledge, horizon, members' knowledge; adoption, writing anew, purging. Its changes share one version."""
        was, version = (s.know, s.horizon, s.mk), []
        def once(taken=()):
            """The version of this completion, or a further one where the facet has a value under it already."""
            if not version or version[-1] in taken: version.append(s.stamp())
            return version[-1]
        for n in a['hist'].keys() - a['nodes'].keys():    # oracle: with the knowledge comes what happened to nodes that are purged
            s.hist[n] = s.hist.get(n, frozenset()) | a['hist'][n]
        s.know = join(s.know, a['know']); s.tick = max([s.tick, *s.know.values()])
        if on('horizon-travels'): s.horizon = join(s.horizon, a['horizon'])
        for m, k in list(a['mk'].items()) + [(name, a['know'])]:
            if m in s.members() and not leq(k, s.mk.get(m, {})): s.mk = {**s.mk, m: join(s.mk.get(m, {}), k)}
        if not (was[0] is s.know and was[1] is s.horizon and was[2] is s.mk): s.gen += 1
        if s.gen == s.rested: return                                                     # the rest left this very state as it is
        gen = s.gen; s.drop_covered()
        if on('lost-tail'): s.adopt_lost(once)
        low, ended = s.known_to_all(), s.nodes[MEMBERS].facets.get(ENDED, EMPTY).values()
        over = [n for n, x in s.nodes.items() if x.ref and any(r in ended and t > s.know.get(r, 0) for r, t in x.ref.items())]
        if over and all(leq(s.nodes[n].stamp, low) for n in over):                       # every member has merged them under this reference
            for n in over: x = s.edit(n); x.ref = {r: t for r, t in x.ref.items() if r not in ended}
            s.drop_covered()
        for n in sorted(n for n in s.alive() - {ROOT} if s.nodes[n].doubt or not s.nodes[n].live_links()):
            x = s.nodes[n]; last = not x.live_links() and x.last_link()
            if last and on('relink') and (last[1].gone is None or last[1].gone < last[1].place[0] or x.doubt and on('revive')): s.change(once(), n, last[0], add=last[1].place[1])
            elif x.doubt and on('revive'): s.change(once(), n, ATTR)
            if x.doubt: s.edit(n).doubt = False
        if on('bury'): s.bury(once)
        s.purge()
        if s.gen == gen: s.rested = gen
    def drop_covered(s):
        for n, x in list(s.nodes.items()):
            if x.ref and leq(x.ref, s.know): s.edit(n).ref = {}
    def adopt_lost(s, once):
        """Rolled back after part of it was pulled: the owner sees an id of its own beyond its own knowledge (the head that is
        not in its log) and announces that the id has ended; the announcement is replicated with the members."""
        over = {r for x in s.nodes.values() for r, t in x.ref.items() if t > s.know.get(r, 0)}
        if not over: return
        for rid in sorted(over):
            if OWNER[rid] == s.name and rid not in s.ended(): s.change(once(s.nodes[MEMBERS].facets.get(ENDED, EMPTY).pairs), MEMBERS, ENDED, add=rid)
        for n in sorted(n for n, x in s.nodes.items() if x.ref): s.adopt(n, once)
    def ended(s): return s.nodes[MEMBERS].facets.get(ENDED, EMPTY).values()
    def adopt(s, nid, once):
        """Nobody will ever complete that pull: what it brought becomes ours, or it would stay beyond knowledge for good."""
        n = s.nodes[nid]; ended = s.ended(); over = {r for r, t in n.ref.items() if t > s.know.get(r, 0) and r in ended}
        ours = lambda v: v and v[1] in over and not covers(s.know, v)
        for fid, f in sorted(n.clone().facets.items(), key=lambda e: (FACETS.index(e[0]) if e[0] in FACETS else len(FACETS), e[0])):
            for v in sorted(v for v in f.pairs if ours(v)):
                taken = s.nodes[nid].facets[fid].pairs.keys() - {v}   # distinct values of one facet need versions of their own
                s.change(once(taken), nid, fid, remove=[v], add=f.pairs[v]); WEAK.add((nid, fid, v))
            f = s.nodes[nid].facets[fid]
            if ours(f.gone): s.edit(nid).facets[fid].gone = None; s.change(once(), nid, fid, gone=True)
        n = s.nodes[nid]
        if any(t > s.know.get(r, 0) for r, t in n.stamp.items() if r in over): s.change(once(), nid, ATTR)
        if over and any(r in over for r in n.stamp):
            n = s.edit(nid); n.stamp = {r: min(t, s.know.get(r, 0)) if r in over else t for r, t in n.stamp.items()}
            n.stamp = {r: t for r, t in n.stamp.items() if t}
        if not on('lost-ref') and over: n = s.edit(nid); n.ref = {r: t for r, t in n.ref.items() if r not in over}
        if n.ref and leq(n.ref, s.know): s.edit(nid).ref = {}
    def known_to_all(s): return meet([s.know] + [s.mk.get(m, {}) for m in s.members() if m != s.name])
    def bury(s, once):
        """What a dead node still has (a place, attributes that its deletion had not seen) is removed by a change, as any deletion."""
        for n in sorted(s.nodes.keys() - s.alive() - {MEMBERS}):
            for fid, f in sorted(s.nodes[n].facets.items()):
                if f.pairs: s.change(once(), n, fid, remove=list(f.pairs), gone=is_link(fid))
    def purge(s):
        """Tombstones go when every member's knowledge (as completed pulls brought it, so never beyond ours) covers them."""
        low, alive = s.known_to_all(), s.alive()
        for n in sorted(alive):
            x = s.nodes[n]
            if len(x.links()) == len(x.live_links()): continue
            gone = [(f, l) for f, l in x.links() if not l.pairs and (l.gone is None or covers(low, l.gone))]
            if not gone: continue
            keep = x.last_link()[0] if not x.live_links() and on('keep-place') else None
            for f, l in gone:
                if f == keep: continue
                del s.edit(n).facets[f]
                if l.gone: s.horizon = join(s.horizon, {l.gone[1]: l.gone[0]})
        dead = {n for n in s.nodes.keys() - alive - {MEMBERS} if leq(s.nodes[n].stamp, low) and not (on('bury') and any(f.pairs for f in s.nodes[n].facets.values()))}
        while dead and on('purge-refs'):
            left = {p for n, x in s.nodes.items() if n not in dead for p in x.named()}
            if not dead & left: break
            dead -= left
        for n in dead:
            for f, l in s.nodes[n].live_links():              # oracle: with the node goes what named it, links made meanwhile included
                op = (NONE, n, f, len(OPS)); OPS[op] = (n, f, None, None, tuple(l.pairs), frozenset(), False); s.hist[n] = s.hist.get(n, frozenset()) | {op}
            s.gen += 1; s.horizon = join(s.horizon, s.nodes.pop(n).stamp)
    def key(s):
        """What all replicas must agree on. The stamps are an index only: those of a node purged here and needed again may be fewer."""
        return {n: (x.kind, {f: dict(l.pairs) for f, l in x.facets.items() if l.pairs}, x.places()) for n, x in s.nodes.items() if n != ROOT}

class Order:
    """The same disorder for every pull."""
    def shuffle(s, items):
        if len(items) > 1: random.Random(1).shuffle(items)

def pull(b, a, steps=None):
    g = b.pull(a, Order())
    if steps is None:
        for _ in g: pass
    else:
        for _ in range(steps): next(g, None)

# ---------------------------------------------------------------------------------------------- checks after quiescence
def settle(rs):
    for r in rs:
        for m in rs:
            if m.name not in r.members(): r.add_member(m.name)
    state = lambda: [(r.key(), r.mk, r.know) for r in rs]
    for _ in range(12):
        gens, before = [r.gen for r in rs], state()
        for b in rs:
            for a in rs:
                if a is b or b.pulled.get(a.name) == (a.gen, b.gen): continue             # neither has changed since
                pull(b, a); b.pulled[a.name] = (a.gen, b.gen)
        if gens == [r.gen for r in rs] or before == state(): return
    raise AssertionError('does not come to rest')

def check(rs):
    settle(rs)
    one = rs[0]; tree = one.tree()
    for r in rs[1:]:
        ours, others = one.key(), r.key()
        for n in one.nodes.keys() | r.nodes.keys():
            a, b = ours.get(n), others.get(n)
            assert a == b, f'sets differ at {n}: {one.name} {a} / {r.name} {b}'
        assert r.tree().key() == tree.key(), 'structure differs'
    hist, named = {}, set().union(*(n.named() for n in one.nodes.values()))
    for r in rs:
        for n, h in r.hist.items(): hist.setdefault(n, set()).update(h)
    for n, ops in sorted(hist.items()):
        if n == MEMBERS: continue
        want = {}
        for o in ops:
            if OPS[o][2]: want.setdefault(OPS[o][1], {})[OPS[o][2]] = OPS[o][3]
        for o in ops:
            for v in OPS[o][4]: want.get(OPS[o][1], {}).pop(v, None)
        node = one.nodes.get(n)
        links = [f for f in want if is_link(f) and want[f]]
        if node is None:
            assert not want.get(CONTENT), f'lost: {n} {want}'
            assert CONTENT in want or not links, f'lost directory: {n} {want}'
            continue
        for f in want.keys() | node.facets.keys():
            got = node.facets[f].pairs if f in node.facets else {}
            strong = lambda d: {v: x for v, x in d.items() if (n, f, v) not in WEAK}
            assert strong(got) == strong(want.get(f, {})), f'oracle: {n} {f}: has {got}, must have {want.get(f)}'
        by = {OPS[o][2]: OPS[o] for o in ops if OPS[o][1] == CONTENT and OPS[o][2]}
        for v, x in node.content().pairs.items():
            for w, y in node.content().pairs.items():
                assert x == y or w not in by[v][5] or by[v][6], f'false conflict: {n} {v} {w}'
    for n, x in one.nodes.items():
        if n in (ROOT, MEMBERS): continue
        if n not in tree.alive:
            assert n in named, f'tombstone left: {n} {x.stamp}'
        else:
            assert n in tree.listed, f'unreachable: {n}'
            for _, _, p, _ in x.places(): assert p in one.nodes, f'parent missing: {n} {p}'
            if x.live_links(): assert all(l.pairs for _, l in x.links()), f'link tombstone left: {n}'
    return tree

# ---------------------------------------------------------------------------------------------- random histories
def random_op(r, rnd):
    change_something(r, rnd)
    if len(r.members()) <= 1: r.purge()                      # alone, nothing needs to be remembered

def change_something(r, rnd):
    t = r.tree(); names = 'abc'
    dirs = sorted(t.dirs); files = sorted(p for p in t.files if t.files[p][0]); d = rnd.choice(dirs)
    free = [x for x in names if d + (x,) not in t.dirs and d + (x,) not in t.files]
    par = t.dirs[d][0]; op = rnd.random(); p = rnd.choice(files) if files else None
    es, others = (t.files[p][1], t.files[p][2]) if p else ([], [])
    if op < .2 and free: r.new('f', par, rnd.choice(free), rnd.choice('xyz'))
    elif op < .3 and free and len(d) < 4: r.new('d', par, rnd.choice(free))
    elif op < .5 and p: r.write(es, rnd.choice('xyzuvw'))
    elif op < .62 and p: r.unlink(es)
    elif op < .68 and len(dirs) > 1:
        empty = [x for x in dirs if x and not any(y[:-1] == x for y in list(t.dirs) + list(t.files) if y)]
        if empty: r.rmdir(t.dirs[rnd.choice(empty)])
    elif op < .74 and p and free:
        r.rename([(n, l) for n, l, _ in es], par, rnd.choice(free))
    elif op < .78 and len(files) > 1:                        # rename over: an editor's atomic save
        q = rnd.choice(files)
        if q != p and not {e[0] for e in es} & {e[0] for e in t.files[q][1]}:
            r.rename([(n, l) for n, l, _ in es], t.dirs[q[:-1]][0], q[-1], t.files[q][1])
    elif op < .87 and len(dirs) > 1 and free:
        q = rnd.choice([x for x in dirs if x])
        if d[:len(q)] != q: r.rename([(n, r.nodes[n].places()[0][0]) for n in t.dirs[q]], par, rnd.choice(free))
    elif op < .91 and p and free: r.link(es[0][0], par, rnd.choice(free))
    elif op < .94 and p: r.chmod(es[0][0], rnd.randrange(8))
    else:
        c = [(n, f) for n, x in sorted(r.nodes.items()) if n in t.alive for f, l in sorted(x.facets.items()) if len(l.values()) > 1]
        if c and rnd.random() < .7:
            n, f = rnd.choice(c); vals = sorted(r.nodes[n].facets[f].values())
            if f == CONTENT and rnd.random() < .5:
                keep = r.shown(n); r.resolve(n, f, keep, drop=rnd.choice([x for x in vals if x != keep]))
            else: r.resolve(n, f, rnd.choice(vals))
        elif others and es[0][0] != (other := rnd.choice(others))[0]: r.resolve_name(es, other)

def history(seed, count, steps):
    rnd = random.Random(seed); OPS.clear(); WEAK.clear(); OWNER.clear(); INCARNATION[0] = 0
    names = 'ABCDE'[:count]; rs = [Replica(x, names) for x in names]
    backups, running = {}, []                               # running: [replica, pull generator], left at any point
    chaos = rnd.choice([0, 0, 1, 1, 4])                     # backups, rollbacks, members: none, some, many
    for _ in range(steps):
        x = rnd.random() ** (1 / max(1, chaos)); r = rnd.choice(rs); o = rnd.choice([q for q in rs if q is not r])
        if x < .5: random_op(r, rnd)
        elif x < .7: pull(r, o)
        elif x < .715: r.part(o, rnd.choice(sorted((o.tree().dirs.keys() | o.tree().files.keys() | r.tree().dirs.keys() | r.tree().files.keys()) - {()}) or [('a',)]))
        elif x < .76: running.append([r, r.pull(o, rnd)])
        elif x < .90:
            for pair in rnd.sample(running, min(2, len(running))):
                for _ in range(rnd.randrange(1, 4)):
                    if next(pair[1], 0) == 0: running.remove(pair); break
        elif x < .92: r.sync()
        elif x < .94: running[:] = [q for q in running if q[0] is not r]; r.start(r.disk)      # crash: unsynced suffix lost
        elif not chaos: pull(r, o)
        elif x < .955: r.sync(); backups.setdefault(r.name, r.disk)
        elif x < .97:
            if r.name in backups: running[:] = [q for q in running if q[0] is not r]; r.start(backups.pop(r.name))
        elif x < .985:
            if len(r.members()) > 1 and o.name in r.members(): r.remove_member(o.name)
        else:
            for m in names:
                if m not in r.members(): r.add_member(m)
    return check(rs)

# ---------------------------------------------------------------------------------------------- named scenarios
def world(n):
    OPS.clear(); WEAK.clear(); OWNER.clear(); INCARNATION[0] = 0
    return [Replica(x, 'ABCDE'[:n]) for x in 'ABCDE'[:n]]
def spread(rs):
    for _ in range(2):
        for b in rs:
            for a in rs:
                if a is not b: pull(b, a)
def at(r, *path): return r.tree().files[path][1]
def values(r, n): return r.nodes[n].content().values() if n in r.nodes else set()

def trap_postponed_item_pulled_onward():
    """B cannot show A's change (file open): the replicated state has it all the same, C gets it from B and no conflict comes of it."""
    rs = a, b, c = world(3); f = a.new('f', ROOT, 'a', 'x'); spread(rs)
    a.write(at(a, 'a'), 'y'); pull(b, a); b.choice[f] = 'x'                  # b still shows x: a row in pending
    pull(c, b); assert values(c, f) == {'y'}
    c.write(at(c, 'a'), 'z'); check(rs); assert values(b, f) == {'z'}

def trap_interrupted_deleted_repeated():
    rs = a, b, c = world(3); f = a.new('f', ROOT, 'a', 'x'); g = a.new('f', ROOT, 'b', 'y')
    for k in range(3):
        pull(b, a, k + 1)
        if f in b.nodes: break
    pull(c, a); a.unlink(at(a, 'a')); pull(b, c, 2); pull(b, a); pull(b, c); pull(c, b)
    assert 'a' not in {p[0] for p in b.tree().files}; check(rs); assert f not in b.nodes and values(c, g) == {'y'}

def trap_equal_edits_then_delete():
    rs = a, b, c = world(3); f = a.new('f', ROOT, 'a', 'x'); spread(rs)
    a.write(at(a, 'a'), 'y'); b.write(at(b, 'a'), 'y'); pull(c, a); c.unlink(at(c, 'a'))
    check(rs); assert values(a, f) == {'y'}                                   # b's edit was not seen by the delete
    a.unlink(at(a, 'a')); check(rs); assert f not in b.nodes                  # this one saw all versions

def trap_saving_a_conflicted_file():
    rs = a, b = world(2); f = a.new('f', ROOT, 'a', 'x'); spread(rs)
    a.write(at(a, 'a'), 'y'); b.write(at(b, 'a'), 'z'); spread(rs); assert a.shown(f) == 'y' and b.shown(f) == 'z'
    a.write(at(a, 'a'), 'u'); check(rs); assert values(b, f) == {'u', 'z'} and b.shown(f) == 'z'
    t = a.new('f', ROOT, 'b', 'w'); a.rename([(t, ('link', *t))], ROOT, 'a', over=at(a, 'a'))     # atomic save
    check(rs); assert values(b, f) == {'z'} and values(b, t) == {'w'}

def trap_power_cut_after_serving():
    rs = a, b = world(2); f = a.new('f', ROOT, 'a', 'x'); pull(b, a); a.write(at(a, 'a'), 'y'); pull(b, a)
    a.start(a.disk); assert values(a, f) == {'y'}                             # serving synced it
    a.write(at(a, 'a'), 'z'); a.start(a.disk); assert values(a, f) == {'y'}   # never served, lost
    a.write(at(a, 'a'), 'u'); check(rs); assert values(b, f) == {'u'}

def both_resolve_differently():
    rs = a, b = world(2); f = a.new('f', ROOT, 'a', 'x'); spread(rs)
    a.write(at(a, 'a'), 'y'); b.write(at(b, 'a'), 'z'); spread(rs)
    a.resolve(f, CONTENT, 'y', drop='z'); b.resolve(f, CONTENT, 'z', drop='y')
    check(rs); assert values(a, f) == {'y', 'z'}

def edit_beats_delete_for_good():
    """The place of a node that lives only by an edit must outlive the purge; so must its directories."""
    rs = a, b, c = world(3); d = a.new('d', ROOT, 'a'); f = a.new('f', d, 'b', 'x'); spread(rs)
    a.unlink(at(a, 'a', 'b')); a.rmdir([d]); b.write(at(b, 'a', 'b'), 'y'); c.chmod(f, 7)
    assert ('a', 'b') in check(rs).files

def fork_after_rollback_meets_third():
    """B, restored from a backup, serves C before it meets A, which holds B's former changes."""
    rs = a, b, c = world(3); f = b.new('f', ROOT, 'a', 'x'); spread(rs); b.sync(); old = b.disk
    b.write(at(b, 'a'), 'y'); pull(a, b); b.start(old)
    b.new('f', ROOT, 'b', 'z'); pull(c, b); check(rs); assert values(c, f) == {'y'} and ('b',) in a.tree().files

def purged_then_edited_by_old_backup():
    rs = a, b, c = world(3); d = a.new('d', ROOT, 'a'); f = a.new('f', d, 'b', 'x'); spread(rs); c.sync(); old = c.disk
    a.rename([(f, ('link', *f))], ROOT, 'c'); a.unlink(at(a, 'c')); a.rmdir([d]); spread(rs); spread(rs); assert f not in a.nodes
    c.start(old); c.write(at(c, 'a', 'b'), 'y'); pull(a, c)
    assert ('a', 'b') in check(rs).files

def purged_on_one_side_only():
    """A link purged at A but not at D must not decide where the node is shown."""
    rs = a, b, c = world(3); f = a.new('f', ROOT, 'a', 'x'); spread(rs)
    l = a.link(f, ROOT, 'b'); spread(rs)
    a.unlink([e for e in a.tree().files[('b',)][1]])
    pull(b, a); pull(c, b); pull(a, c); pull(a, b); assert ('link', *l) not in a.nodes[f].facets and ('link', *l) in b.nodes[f].facets
    a.unlink(at(a, 'a')); b.write(at(b, 'a'), 'y'); assert ('a',) in check(rs).files

def one_purged_then_old_backup():
    """A has purged, B still has the tombstone, C comes back from a backup with an edit: all show it at one place."""
    rs = a, b, c = world(3); f = a.new('f', ROOT, 'a', 'x'); spread(rs); c.sync(); old = c.disk
    a.rename([(f, ('link', *f))], ROOT, 'c'); a.unlink(at(a, 'c'))
    pull(b, a); pull(c, a); pull(a, b); pull(a, c); assert f not in a.nodes and f in b.nodes
    c.start(old); c.write(at(c, 'a'), 'y'); pull(a, c); check(rs); assert values(b, f) == {'y'}

def old_backup_pulls_from_a_newcomer():
    """B never had f, nor its tombstone; C, from a backup that has f, pulls from B first."""
    rs = a, b, c = world(3); b.sync(); new = b.disk
    f = a.new('f', ROOT, 'a', 'x'); spread(rs); c.sync(); old = c.disk
    a.unlink(at(a, 'a')); spread(rs); spread(rs); assert f not in b.nodes
    b.start(new); pull(b, a); c.start(old); pull(c, b); check(rs); assert f not in c.nodes

def losing_place_names_a_removed_directory():
    rs = a, b = world(2); d = a.new('d', ROOT, 'd'); f = a.new('f', ROOT, 'a', 'x'); l = ('link', *f); spread(rs)
    b.rename([(f, l)], d, 'b'); a.chmod(f, 1); a.rename([(f, l)], ROOT, 'c'); spread(rs)
    a.rmdir([d]); check(rs); a.resolve(f, l, (d, 'b')); assert ('d', 'b') in check(rs).files

def equal_twins_then_save():
    rs = a, b = world(2); a.new('f', ROOT, 'a', 'x'); b.new('f', ROOT, 'a', 'x'); spread(rs)
    a.write(at(a, 'a'), 'y'); _, shown, conflicts = check(rs).files[('a',)]
    assert len(shown) == 1 and not conflicts

def parent_purged_then_needed():
    """C, restored, made g in d and gets d's tombstone from B, which has not purged; A has, and pulls from C."""
    rs = a, b, c = world(3); d = a.new('d', ROOT, 'd'); spread(rs); c.sync(); old = c.disk
    a.rmdir([d]); pull(b, a); pull(c, a); pull(a, b); pull(a, c); assert d not in a.nodes and d in b.nodes
    c.start(old); c.new('f', d, 'g', 'x'); pull(c, b); pull(a, c); assert ('d', 'g') in check(rs).files

def interrupted_pull_from_a_lost_future():
    """B serves part of a pull, is rolled back, and nobody can ever complete it."""
    rs = a, b, c = world(3); f = b.new('f', ROOT, 'a', 'x'); spread(rs); b.sync(); old = b.disk
    b.write(at(b, 'a'), 'y'); b.new('f', ROOT, 'b', 'z')
    while values(a, f) != {'y'}: pull(a, b, 1)
    assert a.nodes[f].ref; b.start(old); b.new('f', ROOT, 'c', 'w'); check(rs); assert values(b, f) == {'y'}
    a.unlink(at(a, 'a')); check(rs); assert f not in c.nodes

def looked_on(r):
    """What each further pull of a replica brings, and of how much."""
    came, before = [], r.pulling
    def pulling(peer, items, count): came.append((items, count)); before(peer, items, count)
    r.pulling = pulling; return came

def goes_on_after_an_interruption():
    """A has two of four files when the line breaks; B changes one of them; the next pull brings that and the other two."""
    rs = a, b = world(2); spread(rs); came = looked_on(a)
    fs = [b.new('f', ROOT, name, name) for name in 'wxyz']; pull(a, b, 2)
    had = [f for f in fs if f in a.nodes]; assert len(had) == 2
    b.write(at(b, 'wxyz'[fs.index(had[0])]), 'new'); pull(a, b)
    assert set(came[1][0]) == {had[0], *(f for f in fs if f not in had)}
    check(rs); assert values(a, had[0]) == {'new'}

def does_not_go_on_where_the_peer_was_rolled_back():
    """B forgets what it served; what it then has anew comes whole."""
    rs = a, b = world(2); spread(rs); b.sync(); old = b.disk; came = looked_on(a)
    fs = [b.new('f', ROOT, name, name) for name in 'wxyz']; pull(a, b, 2)
    b.start(old); b.new('f', ROOT, 'v', 'v'); pull(a, b)
    assert len(came[1][0]) == came[1][1]; check(rs)

def replaced_value_of_a_lost_history():
    """A has B's lost rename for good, C has it from an interrupted pull and replaces it; B must hand that on to A with what it adopts."""
    rs = a, b, c = world(3); f = a.new('f', ROOT, 'a', 'x'); l = ('link', *f); spread(rs); b.sync(); old = b.disk
    b.rename([(f, l)], ROOT, 'b'); b.new('f', ROOT, 'g', 'z'); pull(a, b)
    while not c.nodes[f].ref: pull(c, b, 1)
    b.start(old); pull(b, c); c.rename([(f, l)], ROOT, 'c'); pull(b, c); pull(a, b)
    check(rs); assert set(a.nodes[f].facets[l].pairs.values()) == {(ROOT, 'b'), (ROOT, 'c')} and len(a.nodes[f].facets[l].pairs) == 2

def returns_to_a_purged_place():
    """A has purged f at its last place c, C has not yet; B, removed meanwhile, returns with an edit and an older place."""
    rs = a, b, c = world(3); f = a.new('f', ROOT, 'a', 'x'); l = ('link', *f); spread(rs)
    a.unlink(at(a, 'a')); c.write(at(c, 'a'), 'w'); pull(b, a); pull(c, b); pull(b, c)
    c.rename([(f, l)], ROOT, 'c'); c.unlink(at(c, 'c')); c.remove_member('B'); pull(a, c); assert f not in a.nodes and f in c.nodes
    b.write(at(b, 'a'), 'v'); a.add_member('B'); c.add_member('B'); pull(a, b); check(rs); assert values(c, f) == {'v'}

def returns_to_a_purged_link():
    """f died with a link that its deletion had not seen, and was purged by A, not by C; B, removed meanwhile, edits it."""
    rs = a, b, c = world(3); f = a.new('f', ROOT, 'a', 'x'); spread(rs)
    c.link(f, ROOT, 'k'); pull(b, c); a.unlink(at(a, 'a')); a.remove_member('B'); pull(c, a); pull(a, c)
    b.write(at(b, 'a'), 'v'); b.rename([(f, ('link', *f))], ROOT, 'b'); a.add_member('B'); c.add_member('B')
    pull(c, b); pull(a, b); assert sorted(check(rs).files) == [('b',)] and values(c, f) == {'v'}

def dead_with_a_place_unseen():
    """f is deleted by B and moved by C at once, and purged by C; A still has it, moved, when D, removed meanwhile, returns with an edit."""
    rs = a, b, c, d = world(4); f = a.new('f', ROOT, 'a', 'x'); l = ('link', *f); spread(rs)
    b.unlink(at(b, 'a')); c.rename([(f, l)], ROOT, 'b'); c.remove_member('D'); c.remove_member('A'); pull(b, c); pull(c, b)
    d.write(at(d, 'a'), 'w'); b.add_member('A'); b.add_member('D'); pull(a, b); pull(a, c); pull(a, d); check(rs); assert values(c, f) == {'w'}

def dead_with_attributes_unseen():
    """The same with attributes."""
    rs = a, b, c, d = world(4); f = a.new('f', ROOT, 'a', 'x'); spread(rs)
    b.unlink(at(b, 'a')); c.chmod(f, 7); c.remove_member('D'); c.remove_member('A'); pull(b, c); pull(c, b)
    d.write(at(d, 'a'), 'w'); b.add_member('A'); b.add_member('D'); pull(a, b); pull(a, c); pull(a, d); check(rs); assert values(c, f) == {'w'}

def losing_place_names_a_purged_directory():
    """A has purged d; B, removed meanwhile, moved f into it, which loses against A's move but keeps d's tombstone at B."""
    rs = a, b = world(2); d = a.new('d', ROOT, 'd'); f = a.new('f', ROOT, 'a', 'x'); l = ('link', *f); spread(rs)
    b.rename([(f, l)], d, 'b'); a.remove_member('B'); a.rename([(f, l)], ROOT, 'c'); a.rmdir([d]); a.purge(); assert d not in a.nodes
    a.add_member('B'); pull(a, b); pull(b, a); assert d in b.nodes
    assert ('c',) in check(rs).files; a.resolve(f, l, (d, 'b')); assert ('d', 'b') in check(rs).files

def twin_under_a_directory():
    """A directory holds b, so of the equal files there none is shown as the other: who writes one of them at its other name leaves the other alone."""
    rs = a, b, c = world(3); f = a.new('f', ROOT, 'a', 'x'); a.link(f, ROOT, 'b'); g = b.new('f', ROOT, 'b', 'x'); c.new('d', ROOT, 'b'); spread(rs)
    a.write(at(a, 'a'), 'y'); check(rs); assert values(c, g) == {'x'} and values(c, f) == {'y'}

def part_of_a_volume():
    """C pulls d/e alone, replaces what it got, and hands it on before it knows the rest; what left the path at A leaves it at C, too."""
    rs = a, b, c = world(3); d = a.new('d', ROOT, 'd'); e = a.new('d', d, 'e'); f = a.new('f', e, 'f', 'x'); g = a.new('f', ROOT, 'g', 'y'); h = a.new('f', d, 'h', 'z')
    c.part(a, ('d', 'e')); assert set(c.tree().files) == {('d', 'e', 'f')} and g not in c.nodes and not covers(c.know, f)
    c.write(at(c, 'd', 'e', 'f'), 'w'); pull(b, c); assert values(b, f) == {'w'} and values(b, g) == set()
    pull(a, b); assert values(a, f) == {'w'}
    a.rename([(f, ('link', *f))], ROOT, 'f'); a.rename([(h, ('link', *h))], e, 'h'); c.part(a, ('d', 'e'))
    assert set(c.tree().files) == {('f',), ('d', 'e', 'h')} and not covers(c.know, h)
    a.unlink(at(a, 'd', 'e', 'h')); a.rmdir([e]); c.part(a, ('d', 'e')); assert set(c.tree().files) == {('f',)} and ('d', 'e') not in c.tree().dirs
    assert set(check(rs).files) == {('f',), ('g',)}

SCENARIOS = [trap_postponed_item_pulled_onward, trap_interrupted_deleted_repeated, trap_equal_edits_then_delete,
             trap_saving_a_conflicted_file, trap_power_cut_after_serving, both_resolve_differently, edit_beats_delete_for_good,
             fork_after_rollback_meets_third, purged_then_edited_by_old_backup, purged_on_one_side_only,
             one_purged_then_old_backup, old_backup_pulls_from_a_newcomer, losing_place_names_a_removed_directory,
             equal_twins_then_save, parent_purged_then_needed, interrupted_pull_from_a_lost_future,
             goes_on_after_an_interruption, does_not_go_on_where_the_peer_was_rolled_back, replaced_value_of_a_lost_history, returns_to_a_purged_place, returns_to_a_purged_link, dead_with_a_place_unseen,
             dead_with_attributes_unseen, losing_place_names_a_purged_directory, part_of_a_volume,
             twin_under_a_directory]

def main():
    ap = argparse.ArgumentParser(description='model and random tester of the sync design')
    ap.add_argument('--seeds', type=int, default=0); ap.add_argument('--start', type=int, default=0)
    ap.add_argument('--replicas', default='2..5'); ap.add_argument('--steps', type=int, default=80)
    ap.add_argument('--without', action='append', default=[], choices=sorted(RULES)); ap.add_argument('--keep-going', action='store_true')
    o = ap.parse_args(); OFF.update(o.without)
    lo, _, hi = o.replicas.partition('..'); lo, hi = int(lo), int(hi or lo); bad = 0
    for s in SCENARIOS:
        try: s()
        except Exception as e:
            bad += 1; print(f'{s.__name__}: {type(e).__name__}: {str(e)[:300]}')
            if not OFF and not o.keep_going: raise
    print(f'{len(SCENARIOS)} scenarios, {bad} failed'); failed = 0
    for seed in range(o.start, o.start + o.seeds):
        n = lo + seed % (hi - lo + 1); steps = 10 + seed * 7919 % o.steps
        try: history(seed, n, steps)
        except Exception as e:
            failed += 1; print(f'seed {seed} ({n} replicas, {steps} steps): {type(e).__name__}: {str(e)[:400]}')
            if not o.keep_going: raise
    if o.seeds: print(f'{o.seeds} seeds, {failed} failed')
    sys.exit(bool(bad or failed))

if __name__ == '__main__': main()
