import pytest
from tests.widgets.test_header import HeaderStage, source
from widgets.header import HeaderFacts
from console.model.snapshot import *
from console.model.state import State
from console.safety.text import Raw
from console.model.papers import *
import sys
@pytest.mark.parametrize("width",[60,80,120])
async def test_x(width):
    out=[]
    app=HeaderStage()
    async with app.run_test(size=(width,3)) as pilot:
        from tests.frames import frame_of
        for env in ("prod","127.0.0.1-29090"):
          for names in (("prom",),("prometheus-eu-1",),("prom","am"),("prom","am","hosts","health","k8s")):
           for sick in (1,2,9):
            for age in (None,400.0):
             for cut in (False,True):
              for user in ("kai L1","root unverified"):
                s=tuple(source(n,app,state=State.UNKNOWN if i<sick else State.OK,age_s=age if i<sick else 3.0) for i,n in enumerate(names))
                badges=(Badge(BadgeKind.CUT_OFF,"","this host is cut off"),) if cut else ()
                app.show(HeaderFacts(environment=Raw(env),sources=s,badges=badges,user=user,notes=("read-only",)))
                await pilot.pause()
                line=frame_of(app)[0]
                bad=[n for n in names[:sick] if n not in line]
                out.append(f"{'MISS' if bad else 'ok  '} {line}")
    open(f"/tmp/oo/hd{width}.txt","w").write("\n".join(dict.fromkeys(out)))
