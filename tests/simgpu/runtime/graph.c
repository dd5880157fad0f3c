/* Runtime API: graphs. Parameters of nodes are translated; all else is the driver's under another name. */
#include "tests/simgpu/runtime/runtime.h"

FORWARD(cudaGraphCreate, cuGraphCreate, p->pGraph, p->flags)
FORWARD(cudaGraphDestroy, cuGraphDestroy, p->graph)
FORWARD(cudaGraphClone, cuGraphClone, p->pGraphClone, p->originalGraph)
FORWARD(cudaGraphNodeFindInClone, cuGraphNodeFindInClone, p->pNode, p->originalNode, p->clonedGraph)
FORWARD(cudaGraphKernelNodeCopyAttributes, cuGraphKernelNodeCopyAttributes, p->hDst, p->hSrc)
FORWARD(cudaGraphKernelNodeGetAttribute, cuGraphKernelNodeGetAttribute, p->hNode, p->attr, p->value_out)
FORWARD(cudaGraphKernelNodeSetAttribute, cuGraphKernelNodeSetAttribute, p->hNode, p->attr, p->value)
FORWARD(cudaGraphAddHostNode, cuGraphAddHostNode, p->pGraphNode, p->graph, p->pDependencies,
	p->numDependencies, p->pNodeParams)
FORWARD(cudaGraphHostNodeGetParams, cuGraphHostNodeGetParams, p->node, p->pNodeParams)
FORWARD(cudaGraphHostNodeSetParams, cuGraphHostNodeSetParams, p->node, p->pNodeParams)
FORWARD(cudaGraphAddChildGraphNode, cuGraphAddChildGraphNode, p->pGraphNode, p->graph, p->pDependencies,
	p->numDependencies, p->childGraph)
FORWARD(cudaGraphChildGraphNodeGetGraph, cuGraphChildGraphNodeGetGraph, p->node, p->pGraph)
FORWARD(cudaGraphAddEmptyNode, cuGraphAddEmptyNode, p->pGraphNode, p->graph, p->pDependencies,
	p->numDependencies)
FORWARD(cudaGraphAddEventRecordNode, cuGraphAddEventRecordNode, p->pGraphNode, p->graph, p->pDependencies,
	p->numDependencies, p->event)
FORWARD(cudaGraphAddEventWaitNode, cuGraphAddEventWaitNode, p->pGraphNode, p->graph, p->pDependencies,
	p->numDependencies, p->event)
FORWARD(cudaGraphAddMemAllocNode, cuGraphAddMemAllocNode, p->pGraphNode, p->graph, p->pDependencies,
	p->numDependencies, p->nodeParams)
FORWARD(cudaGraphAddMemFreeNode, cuGraphAddMemFreeNode, p->pGraphNode, p->graph, p->pDependencies,
	p->numDependencies, ptr_of(p->dptr))
FORWARD(cudaGraphNodeGetType, cuGraphNodeGetType, p->node, p->pType)
FORWARD(cudaGraphGetNodes, cuGraphGetNodes, p->graph, p->nodes, p->numNodes)
FORWARD(cudaGraphGetRootNodes, cuGraphGetRootNodes, p->graph, p->pRootNodes, p->pNumRootNodes)
#if SIM_CUDART >= 13
FORWARD(cudaGraphGetEdges, cuGraphGetEdges_v2, p->graph, p->from, p->to, p->edgeData, p->numEdges)
FORWARD(cudaGraphNodeGetDependencies, cuGraphNodeGetDependencies_v2, p->node, p->pDependencies, p->edgeData,
	p->pNumDependencies)
FORWARD(cudaGraphNodeGetDependentNodes, cuGraphNodeGetDependentNodes_v2, p->node, p->pDependentNodes,
	p->edgeData, p->pNumDependentNodes)
FORWARD(cudaGraphAddDependencies, cuGraphAddDependencies_v2, p->graph, p->from, p->to, p->edgeData,
	p->numDependencies)
FORWARD(cudaGraphRemoveDependencies, cuGraphRemoveDependencies_v2, p->graph, p->from, p->to, p->edgeData,
	p->numDependencies)
#else
FORWARD(cudaGraphGetEdges, cuGraphGetEdges, p->graph, p->from, p->to, p->numEdges)
FORWARD(cudaGraphNodeGetDependencies, cuGraphNodeGetDependencies, p->node, p->pDependencies,
	p->pNumDependencies)
FORWARD(cudaGraphNodeGetDependentNodes, cuGraphNodeGetDependentNodes, p->node, p->pDependentNodes,
	p->pNumDependentNodes)
FORWARD(cudaGraphAddDependencies, cuGraphAddDependencies, p->graph, p->from, p->to, p->numDependencies)
FORWARD(cudaGraphRemoveDependencies, cuGraphRemoveDependencies, p->graph, p->from, p->to, p->numDependencies)
#endif
FORWARD(cudaGraphDestroyNode, cuGraphDestroyNode, p->node)
FORWARD(cudaGraphInstantiate, cuGraphInstantiateWithFlags, p->pGraphExec, p->graph, p->flags)
FORWARD(cudaGraphInstantiateWithFlags, cuGraphInstantiateWithFlags, p->pGraphExec, p->graph, p->flags)
FORWARDZ(cudaGraphInstantiateWithParams, cuGraphInstantiateWithParams, cuGraphInstantiateWithParams_ptsz,
	 p->pGraphExec, p->graph, p->instantiateParams)
FORWARD(cudaGraphExecGetFlags, cuGraphExecGetFlags, p->graphExec, p->flags)
FORWARD(cudaGraphExecHostNodeSetParams, cuGraphExecHostNodeSetParams, p->hGraphExec, p->node, p->pNodeParams)
FORWARD(cudaGraphNodeSetEnabled, cuGraphNodeSetEnabled, p->hGraphExec, p->hNode, p->isEnabled)
FORWARD(cudaGraphNodeGetEnabled, cuGraphNodeGetEnabled, p->hGraphExec, p->hNode, p->isEnabled)
FORWARD(cudaGraphExecUpdate, cuGraphExecUpdate_v2, p->hGraphExec, p->hGraph, p->resultInfo)
FORWARDZ(cudaGraphUpload, cuGraphUpload, cuGraphUpload_ptsz, p->graphExec, p->stream)
FORWARDZ(cudaGraphLaunch, cuGraphLaunch, cuGraphLaunch_ptsz, p->graphExec, p->stream)
FORWARD(cudaGraphExecDestroy, cuGraphExecDestroy, p->graphExec)
FORWARD(cudaGraphDebugDotPrint, cuGraphDebugDotPrint, p->graph, p->path, p->flags)

/* ---- kernel nodes ---- */

IMPL(cudaGraphAddKernelNode)
{
	CUDA_KERNEL_NODE_PARAMS k;
	cudaError_t err;

	NEED_CONTEXT();
	err = rt_kernel_params(p->pNodeParams, &k);
	return err ? err
		   : drv.cuGraphAddKernelNode_v2(p->pGraphNode, p->graph, p->pDependencies,
						 p->numDependencies, &k);
}

/* `func` comes back as the kernel's handle, which every runtime call takes in place of the host function. */
IMPL(cudaGraphKernelNodeGetParams)
{
	CUDA_KERNEL_NODE_PARAMS k;
	cudaError_t err;

	NEED_CONTEXT();
	if (!p->pNodeParams)
		return SIM_INVALID_VALUE;
	err = drv.cuGraphKernelNodeGetParams_v2(p->node, &k);
	if (!err)
		*p->pNodeParams = (cudaKernelNodeParams){.func = k.func,
							 .gridDim = {k.gridDimX, k.gridDimY, k.gridDimZ},
							 .blockDim = {k.blockDimX, k.blockDimY, k.blockDimZ},
							 .sharedMemBytes = k.sharedMemBytes,
							 .kernelParams = k.kernelParams,
							 .extra = k.extra};
	return err;
}

IMPL(cudaGraphKernelNodeSetParams)
{
	CUDA_KERNEL_NODE_PARAMS k;
	cudaError_t err;

	NEED_CONTEXT();
	err = rt_kernel_params(p->pNodeParams, &k);
	return err ? err : drv.cuGraphKernelNodeSetParams_v2(p->node, &k);
}

IMPL(cudaGraphExecKernelNodeSetParams)
{
	CUDA_KERNEL_NODE_PARAMS k;
	cudaError_t err;

	NEED_CONTEXT();
	err = rt_kernel_params(p->pNodeParams, &k);
	return err ? err : drv.cuGraphExecKernelNodeSetParams_v2(p->hGraphExec, p->node, &k);
}

/* ---- memcpy nodes ---- */

static cudaError_t add_copy(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps, size_t n,
			    const CUDA_MEMCPY3D *c)
{
	return drv.cuGraphAddMemcpyNode(node, graph, deps, n, c, core->current_ctx());
}

IMPL(cudaGraphAddMemcpyNode)
{
	CUDA_MEMCPY3D c;
	cudaError_t err = rt_copy3d(p->pCopyParams, &c);

	NEED_CONTEXT();
	return err ? err : add_copy(p->pGraphNode, p->graph, p->pDependencies, p->numDependencies, &c);
}

IMPL(cudaGraphAddMemcpyNode1D)
{
	CUDA_MEMCPY3D c;

	NEED_CONTEXT();
	rt_copy1d(p->dst, p->src, p->count, p->kind, &c);
	return add_copy(p->pGraphNode, p->graph, p->pDependencies, p->numDependencies, &c);
}

IMPL(cudaGraphMemcpyNodeGetParams)
{
	CUDA_MEMCPY3D c;
	cudaError_t err;

	NEED_CONTEXT();
	if (!p->pNodeParams)
		return SIM_INVALID_VALUE;
	err = drv.cuGraphMemcpyNodeGetParams(p->node, &c);
	if (!err)
		*p->pNodeParams = (cudaMemcpy3DParms){
			.srcPtr = {(void *)(uintptr_t)c.srcDevice, c.srcPitch, c.WidthInBytes, c.srcHeight},
			.dstPtr = {(void *)(uintptr_t)c.dstDevice, c.dstPitch, c.WidthInBytes, c.dstHeight},
			.extent = {c.WidthInBytes, c.Height, c.Depth},
			.kind = RT_DEFAULT};
	return err;
}

IMPL(cudaGraphMemcpyNodeSetParams)
{
	CUDA_MEMCPY3D c;
	cudaError_t err = rt_copy3d(p->pNodeParams, &c);

	NEED_CONTEXT();
	return err ? err : drv.cuGraphMemcpyNodeSetParams(p->node, &c);
}

IMPL(cudaGraphMemcpyNodeSetParams1D)
{
	CUDA_MEMCPY3D c;

	NEED_CONTEXT();
	rt_copy1d(p->dst, p->src, p->count, p->kind, &c);
	return drv.cuGraphMemcpyNodeSetParams(p->node, &c);
}

IMPL(cudaGraphExecMemcpyNodeSetParams)
{
	CUDA_MEMCPY3D c;
	cudaError_t err = rt_copy3d(p->pNodeParams, &c);

	NEED_CONTEXT();
	return err ? err
		   : drv.cuGraphExecMemcpyNodeSetParams(p->hGraphExec, p->node, &c, core->current_ctx());
}

IMPL(cudaGraphExecMemcpyNodeSetParams1D)
{
	CUDA_MEMCPY3D c;

	NEED_CONTEXT();
	rt_copy1d(p->dst, p->src, p->count, p->kind, &c);
	return drv.cuGraphExecMemcpyNodeSetParams(p->hGraphExec, p->node, &c, core->current_ctx());
}

/* ---- memset nodes ---- */

IMPL(cudaGraphAddMemsetNode)
{
	CUDA_MEMSET_NODE_PARAMS m;

	NEED_CONTEXT();
	if (!p->pMemsetParams)
		return SIM_INVALID_VALUE;
	rt_memset_params(p->pMemsetParams, &m);
	return drv.cuGraphAddMemsetNode(p->pGraphNode, p->graph, p->pDependencies, p->numDependencies, &m,
					core->current_ctx());
}

IMPL(cudaGraphMemsetNodeGetParams)
{
	CUDA_MEMSET_NODE_PARAMS m;
	cudaError_t err;

	NEED_CONTEXT();
	if (!p->pNodeParams)
		return SIM_INVALID_VALUE;
	err = drv.cuGraphMemsetNodeGetParams(p->node, &m);
	if (!err)
		*p->pNodeParams = (cudaMemsetParams){
			(void *)(uintptr_t)m.dst, m.pitch, m.value, m.elementSize, m.width, m.height};
	return err;
}

IMPL(cudaGraphMemsetNodeSetParams)
{
	CUDA_MEMSET_NODE_PARAMS m;

	NEED_CONTEXT();
	if (!p->pNodeParams)
		return SIM_INVALID_VALUE;
	rt_memset_params(p->pNodeParams, &m);
	return drv.cuGraphMemsetNodeSetParams(p->node, &m);
}

IMPL(cudaGraphExecMemsetNodeSetParams)
{
	CUDA_MEMSET_NODE_PARAMS m;

	NEED_CONTEXT();
	if (!p->pNodeParams)
		return SIM_INVALID_VALUE;
	rt_memset_params(p->pNodeParams, &m);
	return drv.cuGraphExecMemsetNodeSetParams(p->hGraphExec, p->node, &m, core->current_ctx());
}

/* ---- any node ---- */

IMPL(cudaGraphAddNode)
{
	cudaGraphNodeParams *n = p->nodeParams;
	CUDA_KERNEL_NODE_PARAMS k;
	CUDA_MEMSET_NODE_PARAMS m;
	CUDA_MEMCPY3D c;
	cudaError_t err;

#define NODE p->pGraphNode, p->graph, p->pDependencies, p->numDependencies
	NEED_CONTEXT();
	if (!n)
		return SIM_INVALID_VALUE;
	switch (n->type) {
	case SIM_KERNEL:
		err = rt_kernel_params(&n->u.kernel, &k);
		return err ? err : drv.cuGraphAddKernelNode_v2(NODE, &k);
	case SIM_COPY:
		err = rt_copy3d(&n->u.memcpy.copyParams, &c);
		return err ? err : add_copy(NODE, &c);
	case SIM_SET:
		rt_memset_params(&n->u.memset, &m);
		return drv.cuGraphAddMemsetNode(NODE, &m, core->current_ctx());
	case SIM_HOST:
		return drv.cuGraphAddHostNode(NODE, &n->u.host);
	case SIM_CHILD:
		return drv.cuGraphAddChildGraphNode(NODE, n->u.graph.graph);
	case SIM_EMPTY:
		return drv.cuGraphAddEmptyNode(NODE);
	case SIM_WAIT:
		return drv.cuGraphAddEventWaitNode(NODE, n->u.event.event);
	case SIM_RECORD:
		return drv.cuGraphAddEventRecordNode(NODE, n->u.event.event);
	case SIM_ALLOC:
		return drv.cuGraphAddMemAllocNode(NODE, &n->u.alloc);
	case SIM_FREE:
		return drv.cuGraphAddMemFreeNode(NODE, ptr_of(n->u.free.dptr));
	default:
		core->unsupported("cudaGraphAddNode of this type (conditional, external semaphore, batch "
				  "memory operation)");
		return SIM_NOT_SUPPORTED;
	}
}
