/* Runtime API: streams, capture, events. All of it is the driver's under another name. */
#include "tests/simgpu/runtime/runtime.h"

FORWARD(cudaStreamCreate, cuStreamCreate, p->pStream, 0)
FORWARD(cudaStreamCreateWithFlags, cuStreamCreate, p->pStream, p->flags)
FORWARD(cudaStreamCreateWithPriority, cuStreamCreateWithPriority, p->pStream, p->flags, p->priority)
FORWARDZ(cudaStreamGetPriority, cuStreamGetPriority, cuStreamGetPriority_ptsz, p->hStream, p->priority)
FORWARDZ(cudaStreamGetFlags, cuStreamGetFlags, cuStreamGetFlags_ptsz, p->hStream, p->flags)
FORWARDZ(cudaStreamGetId, cuStreamGetId, cuStreamGetId_ptsz, p->hStream, p->streamId)
FORWARDZ(cudaStreamGetDevice, cuStreamGetDevice, cuStreamGetDevice_ptsz, p->hStream, p->device)
FORWARD(cudaStreamDestroy, cuStreamDestroy_v2, p->stream)
FORWARDZ(cudaStreamWaitEvent, cuStreamWaitEvent, cuStreamWaitEvent_ptsz, p->stream, p->event, p->flags)
FORWARDZ(cudaStreamAddCallback, cuStreamAddCallback, cuStreamAddCallback_ptsz, p->stream, p->callback,
	 p->userData, p->flags)
FORWARDZ(cudaStreamSynchronize, cuStreamSynchronize, cuStreamSynchronize_ptsz, p->stream)
FORWARDZ(cudaStreamQuery, cuStreamQuery, cuStreamQuery_ptsz, p->stream)
FORWARDZ(cudaStreamAttachMemAsync, cuStreamAttachMemAsync, cuStreamAttachMemAsync_ptsz, p->stream,
	 ptr_of(p->devPtr), p->length, p->flags)
FORWARDZ(cudaStreamBeginCapture, cuStreamBeginCapture_v2, cuStreamBeginCapture_v2_ptsz, p->stream, p->mode)
FORWARDZ(cudaStreamBeginCaptureToGraph, cuStreamBeginCaptureToGraph, cuStreamBeginCaptureToGraph_ptsz,
	 p->stream, p->graph, p->dependencies, p->dependencyData, p->numDependencies, p->mode)
FORWARDZ(cudaStreamEndCapture, cuStreamEndCapture, cuStreamEndCapture_ptsz, p->stream, p->pGraph)
FORWARDZ(cudaStreamIsCapturing, cuStreamIsCapturing, cuStreamIsCapturing_ptsz, p->stream, p->pCaptureStatus)
#if SIM_CUDART >= 13
FORWARDZ(cudaStreamGetCaptureInfo, cuStreamGetCaptureInfo_v3, cuStreamGetCaptureInfo_v3_ptsz, p->stream,
	 p->captureStatus_out, p->id_out, p->graph_out, p->dependencies_out, p->edgeData_out,
	 p->numDependencies_out)
FORWARDZ(cudaStreamUpdateCaptureDependencies, cuStreamUpdateCaptureDependencies_v2,
	 cuStreamUpdateCaptureDependencies_v2_ptsz, p->stream, p->dependencies, p->dependencyData,
	 p->numDependencies, p->flags)
#else
FORWARDZ(cudaStreamGetCaptureInfo, cuStreamGetCaptureInfo_v2, cuStreamGetCaptureInfo_v2_ptsz, p->stream,
	 p->captureStatus_out, p->id_out, NULL, NULL, NULL)
FORWARDZ(cudaStreamGetCaptureInfo_v2, cuStreamGetCaptureInfo_v2, cuStreamGetCaptureInfo_v2_ptsz, p->stream,
	 p->captureStatus_out, p->id_out, p->graph_out, p->dependencies_out, p->numDependencies_out)
FORWARDZ(cudaStreamUpdateCaptureDependencies, cuStreamUpdateCaptureDependencies,
	 cuStreamUpdateCaptureDependencies_ptsz, p->stream, p->dependencies, p->numDependencies, p->flags)
#endif
FORWARD(cudaThreadExchangeStreamCaptureMode, cuThreadExchangeStreamCaptureMode, p->mode)
FORWARD(cudaEventCreate, cuEventCreate, p->event, 0)
FORWARD(cudaEventCreateWithFlags, cuEventCreate, p->event, p->flags)
FORWARDZ(cudaEventRecord, cuEventRecord, cuEventRecord_ptsz, p->event, p->stream)
FORWARDZ(cudaEventRecordWithFlags, cuEventRecordWithFlags, cuEventRecordWithFlags_ptsz, p->event, p->stream,
	 p->flags)
FORWARD(cudaEventQuery, cuEventQuery, p->event)
FORWARD(cudaEventSynchronize, cuEventSynchronize, p->event)
FORWARD(cudaEventDestroy, cuEventDestroy_v2, p->event)
FORWARD(cudaEventElapsedTime, cuEventElapsedTime, p->ms, p->start, p->end)
