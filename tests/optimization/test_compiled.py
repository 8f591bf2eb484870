"""The compiled loops: after the small problems, nothing that a plan calls is left to compile."""

import subprocess
import sys

LEFT = """
import sys
from optimization import compiled
compiled.SECONDS = 4.0
compiled.compile_kernels()
named = {
    "capacity_kernels": ["kicks", "repair", "drop", "exchange"], "coverage_kernels": ["kick_and_climb"],
    "flow_kernels": ["augment", "refit"], "lagrangian_kernels": ["ascend"],
    "row_kernels": ["at_prices", "nearest_two"], "setcover_kernels": ["weighted_rows_search"],
    "swap_kernels": ["search_sets", "descend", "move_profits"],
}
for module, kernels in named.items():
    for name in kernels:
        if not getattr(sys.modules["optimization." + module], name).signatures:
            print(module, name)
"""


def test_small_problems_compile_what_plans_call():
    told = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, check=True)
    assert told.stdout == ""
