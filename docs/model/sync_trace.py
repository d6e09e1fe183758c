#!/usr/bin/env python3
"""Prints what the model of synchronisation does, step by step, so that an implementation can be compared with it.

    python3 sync_trace.py --worlds '{"3": {"knowledge": {ID: TICK}, "members": {"A": "TICK.ID", ...}}, ...}' --owners '{"A": KEY, ...}'
        --seeds 300 --start 0 [--scenarios] [--full]

One JSON object a line: first what happens on a replica, then {"state": {replica: hash}}, the replicated state and the shown tree
that it leads to (--full: as text). Replica ids are made as the implementation makes them, so that versions are ordered alike:
BLAKE2b of the owner's key and a number that counts up.
"""
import argparse, hashlib, inspect, json, random, re
import sync_model as m

O = None
LAST = [None]                                          # the replica whose state is yet to be printed
DISKS = {}                                             # id of a state on disk -> (number, the state)

def short(v): return f'{v[0]}.{v[1]}'
def show(k): return ' '.join(f'{r}:{t}' for r, t in sorted(k.items()))
def place(p): return f'{short(p[0])}/{p[1]}'

def describe(r):
    lines = [f'knowledge {show(r.know)}', f'horizon {show(r.horizon)}']
    lines += [f'member {name} {show(k)}' for name, k in sorted(r.mk.items()) if name != r.name and k]
    for n, x in sorted(r.nodes.items()):
        if n == m.ROOT: continue
        beyond = {i: t for i, t in x.ref.items() if t > r.know.get(i, 0)}
        lines.append(f'node {short(n)} {x.kind} stamp {show(x.stamp)} beyond {show(beyond)} doubt {int(x.doubt)} shown {r.shown(n) or ""}')
        for fid in (m.CONTENT, m.ATTR, m.MEMBER, m.ENDED):
            f = x.facets.get(fid)
            if f and f.pairs: lines.append(f'  {fid[0]} ' + ' '.join(f'{short(v)}={y:o}' if fid == m.ATTR else f'{short(v)}={y}' for v, y in sorted(f.pairs.items())))
        for fid, f in sorted(x.links()):
            lines.append(f'  link {short(fid[1:])} ' + ' '.join(f'{short(v)}={place(y)}' for v, y in sorted(f.pairs.items())) + f' last {short(f.place[0])}={place(f.place[1])} gone {short(f.gone or m.NONE)}')
    t = r.tree()
    for p in sorted(t.dirs.keys() | t.files.keys()):
        if not p: continue
        _, twins, conflicts = t.files.get(p, (0, [], []))
        entry = lambda es: ' '.join(f'{short(n)}:{short(l[1:])}' for n, l, _ in es)
        lines.append(f'/{"/".join(p)} directories [{" ".join(short(n) for n in t.dirs.get(p, []))}] files [{entry(twins)}] conflicts [{entry(conflicts)}]')
    return '\n'.join(lines)

def line(**what): print(json.dumps(what))
def finish():
    if LAST[0] is None: return
    text = describe(LAST[0])
    line(state=text if O.full else hashlib.blake2b(text.encode(), digest_size=16).hexdigest()); LAST[0] = None
def happens(r, op, **what):
    finish(); line(at=r.name, op=op, **what); LAST[0] = r

class Traced(m.Replica):
    def __init__(s, name, names):
        s.quiet = True; super().__init__(name, names); w = O.worlds[str(len(names))]
        s.know = w['knowledge']; s.tick = max(s.know.values()); m.OWNER.update((i, names[0]) for i in s.know)
        version = lambda y: (int(w['members'][y].split('.')[0]), w['members'][y].split('.')[1])
        x = s.edit(m.MEMBERS); x.facets[m.MEMBER] = m.Facet({version(y): y for y in names}); x.stamp = s.know
        s.mk = {y: s.know for y in names if y != name}
        s.sync(); s.quiet = False
    def new_id(s, number):
        return hashlib.blake2b(bytes.fromhex(O.owners[s.name]) + (1000 + number).to_bytes(16, 'big'), digest_size=16, person=b'bazil-replica-id').hexdigest()
    def sync(s):
        if s.synced == s.gen: return
        super().sync(); DISKS[id(s.disk)] = (len(DISKS), s.disk); number = DISKS[id(s.disk)][0]
        if s.quiet: line(at=s.name, op='first', disk=number)
        else: happens(s, 'sync', disk=number)
    def start(s, state): happens(s, 'start', disk=DISKS[id(state)][0]); super().start(state)
    # -- where things are shown
    def directory(s, node): return '/'.join(next(p for p, ds in sorted(s.tree().dirs.items()) if node in ds))
    def path(s, parent, name): return f'{s.directory(parent)}/{name}'.lstrip('/')
    def path_of(s, n, l):
        t = s.tree()
        if s.nodes[n].kind == 'd': return s.directory(n)
        return '/'.join(next(p for p, (here, twins, _) in sorted(t.files.items()) if here and (n, l) in [e[:2] for e in twins]))
    # -- operations
    def new(s, kind, parent, name, data=None): happens(s, 'new', kind=kind, path=s.path(parent, name), data=data); return super().new(kind, parent, name, data)
    def write(s, es, data): happens(s, 'write', node=short(es[0][0]), data=data); super().write(es, data)
    def unlink(s, es): happens(s, 'unlink', path=s.path_of(*es[0][:2])); super().unlink(es)
    def rmdir(s, ds): happens(s, 'rmdir', path=s.directory(ds[0])); super().rmdir(ds)
    def rename(s, moved, parent, name, over=()): happens(s, 'rename', path=s.path_of(*moved[0]), to=s.path(parent, name)); super().rename(moved, parent, name, over)
    def link(s, nid, parent, name): happens(s, 'link', node=short(nid), to=s.path(parent, name)); return super().link(nid, parent, name)
    def chmod(s, nid, mode): happens(s, 'chmod', node=short(nid), mode=mode); super().chmod(nid, mode)
    def resolve(s, nid, fid, keep, drop=None):
        value = lambda x: None if x is None else place(x) if m.is_link(fid) else f'{x:o}' if fid == m.ATTR else x
        happens(s, 'resolve', node=short(nid), facet=fid[0], link=short(fid[1:]) if m.is_link(fid) else None, keep=value(keep), drop=value(drop)); super().resolve(nid, fid, keep, drop)
    def resolve_name(s, es, other): happens(s, 'drop', path=s.path_of(*es[0][:2]), node=short(other[0]), link=short(other[1][1:])); super().resolve_name(es, other)
    def add_member(s, x): happens(s, 'add', member=x); super().add_member(x)
    def remove_member(s, x): happens(s, 'remove', member=x); super().remove_member(x)
    # -- pulls
    def pulling(s, peer, items, count): PULLS[0] += 1; happens(s, 'pull', peer=peer.name, disk=DISKS[id(peer.disk)][0], pull=PULLS[0], items=[short(n) for n in items], count=count)
    def parting(s, peer, path): happens(s, 'part', peer=peer.name, disk=DISKS[id(peer.disk)][0], path='/'.join(path))
    def part(s, peer, path):
        if s.name not in peer.members() or peer.name not in s.members(): happens(s, 'refused', peer=peer.name)
        super().part(peer, path)
    def pull(s, peer, order=random):
        """As ever, with a line before each step: the first brings the first item, that after the last item completes the pull."""
        if s.name not in peer.members() or peer.name not in s.members(): happens(s, 'refused', peer=peer.name); return
        steps, number = super().pull(peer, order), None
        while True:
            if number: happens(s, 'step', pull=number)
            if next(steps, steps) is steps: return
            number = number or PULLS[0]
            yield

PULLS = [0]
def main():
    global O
    ap = argparse.ArgumentParser(); ap.add_argument('--worlds', type=json.loads, required=True); ap.add_argument('--owners', type=json.loads, required=True)
    ap.add_argument('--seeds', type=int, default=0); ap.add_argument('--start', type=int, default=0)
    ap.add_argument('--scenarios', action='store_true'); ap.add_argument('--full', action='store_true')
    O = ap.parse_args(); m.Replica = Traced
    scenarios = [(x.__name__, x, int(re.search(r'world\((.)\)', inspect.getsource(x))[1])) for x in m.SCENARIOS if x is not m.trap_postponed_item_pulled_onward] if O.scenarios else []    # what it postpones is local
    seeds = [(seed, lambda seed=seed: m.history(seed, 2 + seed % 4, 10 + seed * 7919 % 80), 2 + seed % 4) for seed in range(O.start, O.start + O.seeds)]
    for name, run, count in scenarios + seeds:
        DISKS.clear(); PULLS[0] = 0; line(begin=str(name), replicas=count); run(); finish(); line(end=str(name))

if __name__ == '__main__': main()
