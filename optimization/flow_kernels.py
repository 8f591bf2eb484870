"""Compiled loops over flows from demand classes to sites; import this module only where it is needed.

The network is bipartite: class p may send up to `limit[a]` over arc a to a site, which takes up to
`room` in all. `left` is what a class has not sent, `slack` what a site could still take. All loops
change these arrays in place, so that a flow is carried over from one set of sites to the next.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import njit

from optimization.arrays import FloatArray, IntArray


class Arcs(NamedTuple):
    """A bipartite network: arcs by class (indptr, site), and the same arcs by site (back, arc, tail)."""

    indptr: IntArray
    site: IntArray
    back: IntArray
    arc: IntArray
    tail: IntArray


class Flow(NamedTuple):
    """A flow: on every arc, left at every class, slack at every site; levels of the last search.

    Levels are those of the residual network from classes with something left; -1 is out of reach,
    so that after `augment` the classes and sites of a level are the source side of a minimum cut.
    """

    on: FloatArray
    left: FloatArray
    slack: FloatArray
    class_level: IntArray
    site_level: IntArray
    class_next: IntArray
    site_next: IntArray
    queue: IntArray
    path: IntArray


@njit(cache=True, nogil=True)
def search(arcs: Arcs, limit: FloatArray, flow: Flow, eps: float) -> bool:
    """Set levels by breadth-first search; True if a site with slack is within reach.

    The search ends with the level of the first such site, so that without one it is complete.
    """
    class_level, site_level, queue = flow.class_level, flow.site_level, flow.queue
    classes = len(class_level)
    class_level[:] = -1
    site_level[:] = -1
    end = 0
    for p in range(classes):
        if flow.left[p] > eps:
            class_level[p] = 0
            queue[end] = p
            end += 1
    at, last = 0, 1 << 60
    while at < end:
        p = queue[at]
        at += 1
        level = class_level[p]
        if level >= last:
            break
        for a in range(arcs.indptr[p], arcs.indptr[p + 1]):
            j = arcs.site[a]
            if site_level[j] >= 0 or limit[a] - flow.on[a] <= eps:
                continue
            site_level[j] = level + 1
            if flow.slack[j] > eps:
                last = level + 1
            elif last > level + 1:
                for k in range(arcs.back[j], arcs.back[j + 1]):
                    q = arcs.tail[k]
                    if class_level[q] < 0 and flow.on[arcs.arc[k]] > eps:
                        class_level[q] = level + 2
                        queue[end] = q
                        end += 1
    return last < 1 << 60


@njit(cache=True, nogil=True)
def push(arcs: Arcs, limit: FloatArray, flow: Flow, origin: int, eps: float) -> bool:
    """Send flow from one class along one path of rising levels; False if there is none left."""
    class_level, site_level, path = flow.class_level, flow.site_level, flow.path
    p, depth = origin, 0
    while True:
        ahead = False
        a = flow.class_next[p]
        while a < arcs.indptr[p + 1]:
            j = arcs.site[a]
            if site_level[j] == class_level[p] + 1 and limit[a] - flow.on[a] > eps:
                ahead = True
                break
            a += 1
        flow.class_next[p] = a
        if not ahead:
            if depth == 0:
                return False
            depth -= 1
            j = arcs.site[path[depth - 1]]
            flow.site_next[j] += 1
        else:
            path[depth] = a
            depth += 1
            j = arcs.site[a]
            if flow.slack[j] > eps:
                break
        # at site j: on to a class whose flow into j may go elsewhere, or back
        k = flow.site_next[j]
        ahead = False
        while k < arcs.back[j + 1]:
            q = arcs.tail[k]
            if class_level[q] == site_level[j] + 1 and flow.on[arcs.arc[k]] > eps:
                ahead = True
                break
            k += 1
        flow.site_next[j] = k
        if ahead:
            path[depth] = arcs.arc[k]
            depth += 1
            p = arcs.tail[k]
        else:
            depth -= 1
            p = origin if depth == 0 else arcs.tail[flow.site_next[arcs.site[path[depth - 1]]]]
            flow.class_next[p] += 1
    amount = min(flow.left[origin], flow.slack[arcs.site[path[depth - 1]]])
    for step in range(depth):
        a = path[step]
        amount = min(amount, limit[a] - flow.on[a] if step % 2 == 0 else flow.on[a])
    for step in range(depth):
        flow.on[path[step]] += amount if step % 2 == 0 else -amount
    flow.left[origin] -= amount
    flow.slack[arcs.site[path[depth - 1]]] -= amount
    return True


@njit(cache=True, nogil=True)
def augment(arcs: Arcs, limit: FloatArray, flow: Flow, eps: float) -> float:
    """Raise the flow to a maximum by blocking flows (Dinic 1970); return what is left in all."""
    classes = len(flow.left)
    while search(arcs, limit, flow, eps):
        flow.class_next[:] = arcs.indptr[:-1]
        flow.site_next[:] = arcs.back[:-1]
        for p in range(classes):
            while flow.class_level[p] == 0 and flow.left[p] > eps:
                if not push(arcs, limit, flow, p, eps):
                    break
    return float(flow.left.sum())


@njit(cache=True, nogil=True)
def refit(arcs: Arcs, weight: FloatArray, limit: FloatArray, room: FloatArray, flow: Flow) -> None:
    """Cut the flow down to new limits and rooms, and count afresh what is left and slack."""
    for j in range(len(room)):
        load = 0.0
        for k in range(arcs.back[j], arcs.back[j + 1]):
            a = arcs.arc[k]
            flow.on[a] = min(flow.on[a], limit[a])
            load += flow.on[a]
        k = arcs.back[j]
        while load > room[j] and k < arcs.back[j + 1]:
            a = arcs.arc[k]
            less = min(flow.on[a], load - room[j])
            flow.on[a] -= less
            load -= less
            k += 1
        flow.slack[j] = max(0.0, room[j] - load)
    for p in range(len(weight)):
        sent = 0.0
        for a in range(arcs.indptr[p], arcs.indptr[p + 1]):
            sent += flow.on[a]
        flow.left[p] = max(0.0, weight[p] - sent)
