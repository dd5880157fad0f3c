/* Driver API: executable graphs. */
#include "tests/simgpu/core/graph.h"
#include "tests/simgpu/driver/driver.h"
#include "tests/simgpu/driver/work.h"

static bool is_exec(struct sim_exec *e)
{
	return e && e->magic == SIM_EXEC;
}

static CUresult instantiate(CUgraphExec *out, CUgraph graph, uint64_t flags)
{
	if (!out || !graph || graph->magic != SIM_GRAPH)
		return SIM_INVALID_VALUE;
	return sim_exec_new(graph, flags, out);
}

IMPL(cuGraphInstantiateWithFlags)
{
	return instantiate(p->phGraphExec, p->hGraph, p->flags);
}

IMPL(cuGraphInstantiate_v2)
{
	if (p->phErrorNode)
		*p->phErrorNode = NULL;
	if (p->logBuffer && p->bufferSize)
		p->logBuffer[0] = 0;
	return instantiate(p->phGraphExec, p->hGraph, 0);
}

IMPL(cuGraphInstantiateWithParams)
{
	CUresult err;

	if (!p->instantiateParams)
		return SIM_INVALID_VALUE;
	err = instantiate(p->phGraphExec, p->hGraph, p->instantiateParams->flags);
	p->instantiateParams->hErrNode_out = NULL;
	p->instantiateParams->result_out = err ? 1 : 0;
	return err;
}

IMPL(cuGraphExecGetFlags)
{
	if (!is_exec(p->hGraphExec) || !p->flags)
		return SIM_INVALID_VALUE;
	*p->flags = p->hGraphExec->flags;
	return SIM_OK;
}

IMPL(cuGraphUpload)
{
	return is_exec(p->hGraphExec) && sim_stream_of(p->hStream, call->ptsz) ? SIM_OK : SIM_INVALID_VALUE;
}

IMPL(cuGraphLaunch)
{
	struct sim_stream *stream = sim_stream_of(p->hStream, call->ptsz);

	if (!is_exec(p->hGraphExec))
		return SIM_INVALID_VALUE;
	return stream ? sim_exec_launch(p->hGraphExec, stream) : SIM_INVALID_HANDLE;
}

IMPL(cuGraphExecDestroy)
{
	if (!is_exec(p->hGraphExec))
		return SIM_INVALID_VALUE;
	sim_exec_destroy(p->hGraphExec);
	return SIM_OK;
}

IMPL(cuGraphExecUpdate)
{
	CUgraphNode where;

	if (!is_exec(p->hGraphExec) || !p->hGraph || !p->updateResult_out)
		return SIM_INVALID_VALUE;
	CUresult err = sim_exec_update(p->hGraphExec, p->hGraph, p->updateResult_out, &where);
	if (p->hErrorNode_out)
		*p->hErrorNode_out = where;
	return err;
}

IMPL(cuGraphExecUpdate_v2)
{
	if (!is_exec(p->hGraphExec) || !p->hGraph || !p->resultInfo)
		return SIM_INVALID_VALUE;
	p->resultInfo->errorFromNode = NULL;
	return sim_exec_update(p->hGraphExec, p->hGraph, &p->resultInfo->result, &p->resultInfo->errorNode);
}

static CUresult set(CUgraphExec exec, CUgraphNode node, const struct sim_work *w, CUresult err)
{
	struct sim_step *step;

	if (err)
		return err;
	if (!is_exec(exec))
		return SIM_INVALID_VALUE;
	step = sim_exec_step(exec, node);
	if (!step || step->node->work.kind != w->kind)
		return SIM_INVALID_VALUE;
	sim_lock();
	step->node->work = *w;
	sim_unlock();
	return SIM_OK;
}

IMPL(cuGraphExecKernelNodeSetParams)
{
	struct sim_work w;

	return set(p->hGraphExec, p->hNode, &w, work_kernel(&w, p->nodeParams, 1));
}

IMPL(cuGraphExecKernelNodeSetParams_v2)
{
	struct sim_work w;

	return set(p->hGraphExec, p->hNode, &w, work_kernel(&w, p->nodeParams, 2));
}

IMPL(cuGraphExecMemcpyNodeSetParams)
{
	struct sim_work w;

	return set(p->hGraphExec, p->hNode, &w, work_memcpy(&w, p->copyParams));
}

IMPL(cuGraphExecMemsetNodeSetParams)
{
	struct sim_work w;

	return set(p->hGraphExec, p->hNode, &w, work_memset(&w, p->memsetParams));
}

IMPL(cuGraphExecHostNodeSetParams)
{
	struct sim_work w;

	return set(p->hGraphExec, p->hNode, &w, work_host(&w, p->nodeParams));
}

IMPL(cuGraphNodeSetEnabled)
{
	struct sim_step *step = is_exec(p->hGraphExec) ? sim_exec_step(p->hGraphExec, p->hNode) : NULL;

	if (!step || step->node->work.kind > SIM_SET)
		return SIM_INVALID_VALUE;
	step->node->disabled = !p->isEnabled;
	return SIM_OK;
}

IMPL(cuGraphNodeGetEnabled)
{
	struct sim_step *step = is_exec(p->hGraphExec) ? sim_exec_step(p->hGraphExec, p->hNode) : NULL;

	if (!step || !p->isEnabled)
		return SIM_INVALID_VALUE;
	*p->isEnabled = !step->node->disabled;
	return SIM_OK;
}
