import tests.journal.test_merge as m
orig=m.reconciled
from collections import Counter
c=Counter()
def r(*a):
    t=orig(*a); c[t if not isinstance(t,bytes) else "merged"]+=1; return t
m.reconciled=r
m.test_whatever_comes_of_two_has_all_that_either_wrote()
for k,v in c.most_common(12): print(v,k)
