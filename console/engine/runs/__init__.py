"""The room of runs: runbooks that somebody works through, and what is kept of them.

`desk.RunsDesk` is its one door, for screens and the command line. How a step goes: `starting`
has it planned (`plan`) and shown, then starts what was shown, if it would be the same still and
its intent is on record; `underway` carries it in the background, where it can be stopped;
`carrying` has one attempt made (`attempts`: here or on the host), lets the steps that verify it
run, and hands what it came to to `record`: the run, its output, the audit, the timeline, the
transcript. What a host alone knows is asked for until it is learnt, by this console or, `left`
behind, by the next. Steps of one run go one at a time; everything is on the engine's loop.
"""
