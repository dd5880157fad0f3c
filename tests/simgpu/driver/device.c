/* Driver API: initialisation and devices. */
#include <stdio.h>

#include "tests/simgpu/driver/driver.h"

#define DRIVER_VERSION 13000

IMPL(cuInit)
{
	return p->Flags ? SIM_INVALID_VALUE : sim_init();
}

IMPL(cuDriverGetVersion)
{
	if (!p->driverVersion)
		return SIM_INVALID_VALUE;
	*p->driverVersion = DRIVER_VERSION;
	return SIM_OK;
}

IMPL(cuDeviceGet)
{
	if (!p->device)
		return SIM_INVALID_VALUE;
	*p->device = p->ordinal;
	return device_of(p->ordinal) ? SIM_OK : SIM_INVALID_DEVICE;
}

IMPL(cuDeviceGetCount)
{
	if (!p->count)
		return SIM_INVALID_VALUE;
	*p->count = sim_n_devices;
	return SIM_OK;
}

IMPL(cuDeviceGetName)
{
	if (!p->name || p->len <= 0)
		return SIM_INVALID_VALUE;
	if (!device_of(p->dev))
		return SIM_INVALID_DEVICE;
	snprintf(p->name, (size_t)p->len, "%s", SIM_DEVICE_NAME);
	return SIM_OK;
}

static CUresult uuid(CUuuid *out, CUdevice dev)
{
	if (!out)
		return SIM_INVALID_VALUE;
	if (!device_of(dev))
		return SIM_INVALID_DEVICE;
	*out = device_of(dev)->uuid;
	return SIM_OK;
}

IMPL(cuDeviceGetUuid)
{
	return uuid(p->uuid, p->dev);
}

IMPL(cuDeviceGetUuid_v2)
{
	return uuid(p->uuid, p->dev);
}

IMPL(cuDeviceTotalMem_v2)
{
	if (!p->bytes)
		return SIM_INVALID_VALUE;
	if (!device_of(p->dev))
		return SIM_INVALID_DEVICE;
	*p->bytes = sim_config.memory;
	return SIM_OK;
}

/* CUdevice_attribute by number: an H100 SXM's values as far as they are public; 0 where the answer is no. */
static const int attributes[148] = {
	[1] = 1024,	[2] = 1024,   [3] = 1024,     [4] = 64,	    [5] = 2147483647,  [6] = 65535,
	[7] = 65535,	[8] = 49152,  [9] = 65536,    [10] = 32,    [11] = 2147483647, [12] = 65536,
	[13] = 1980000, [14] = 512,   [15] = 1,	      [16] = 132,   [19] = 1,	       [30] = 512,
	[31] = 1,	[32] = 1,     [36] = 2619000, [37] = 5120,  [38] = 52428800,   [39] = 2048,
	[40] = 3,	[41] = 1,     [51] = 32,      [75] = 9,	    [76] = 0,	       [78] = 1,
	[79] = 1,	[80] = 1,     [81] = 233472,  [82] = 65536, [83] = 1,	       [87] = 2,
	[89] = 1,	[90] = 1,     [91] = 1,	      [95] = 1,	    [97] = 232448,     [99] = 1,
	[106] = 32,	[111] = 1024, [115] = 1,      [119] = 1,    [120] = 1,	       [126] = 4,
	[129] = 1,	[131] = -1,   [134] = -1,
};

static int device_attribute(const struct sim_device *dev, int attribute)
{
	switch (attribute) {
	case 33: /* PCI bus */
		return 0x18 + dev->id;
	case 34:
	case 50:
		return 0;
	default:
		return attribute > 0 && attribute < 148 ? attributes[attribute] : 0;
	}
}

IMPL(cuDeviceGetAttribute)
{
	if (!p->pi || p->attrib < 1 || p->attrib > 147)
		return SIM_INVALID_VALUE;
	if (!device_of(p->dev))
		return SIM_INVALID_DEVICE;
	*p->pi = device_attribute(device_of(p->dev), p->attrib);
	return SIM_OK;
}

IMPL(cuDeviceGetP2PAttribute)
{
	if (!p->value || !device_of(p->srcDevice) || !device_of(p->dstDevice) || p->srcDevice == p->dstDevice)
		return SIM_INVALID_VALUE;
	*p->value = p->attrib == 1 ? 0 : 1; /* rank 0, everything supported */
	return SIM_OK;
}

IMPL(cuDeviceCanAccessPeer)
{
	if (!p->canAccessPeer)
		return SIM_INVALID_VALUE;
	if (!device_of(p->dev) || !device_of(p->peerDev))
		return SIM_INVALID_DEVICE;
	*p->canAccessPeer = p->dev != p->peerDev;
	return SIM_OK;
}

IMPL(cuDeviceGetByPCIBusId)
{
	unsigned domain = 0, bus, dev;

	if (!p->dev || !p->pciBusId)
		return SIM_INVALID_VALUE;
	if (sscanf(p->pciBusId, "%x:%x:%x", &domain, &bus, &dev) != 3 &&
	    sscanf(p->pciBusId, "%x:%x", &bus, &dev) != 2)
		return SIM_INVALID_VALUE;
	*p->dev = (int)bus - 0x18;
	return device_of(*p->dev) ? SIM_OK : SIM_INVALID_DEVICE;
}

IMPL(cuDeviceGetPCIBusId)
{
	if (!p->pciBusId || p->len < 13)
		return SIM_INVALID_VALUE;
	if (!device_of(p->dev))
		return SIM_INVALID_DEVICE;
	snprintf(p->pciBusId, (size_t)p->len, "0000:%02X:00.0", 0x18 + p->dev);
	return SIM_OK;
}

IMPL(cuDeviceComputeCapability)
{
	if (!device_of(p->dev))
		return SIM_INVALID_DEVICE;
	*p->major = 9;
	*p->minor = 0;
	return SIM_OK;
}

IMPL(cuDeviceGetProperties)
{
	if (!p->prop)
		return SIM_INVALID_VALUE;
	if (!device_of(p->dev))
		return SIM_INVALID_DEVICE;
	*p->prop = (CUdevprop){.maxThreadsPerBlock = attributes[1],
			       .maxThreadsDim = {attributes[2], attributes[3], attributes[4]},
			       .maxGridSize = {attributes[5], attributes[6], attributes[7]},
			       .sharedMemPerBlock = attributes[8],
			       .totalConstantMemory = attributes[9],
			       .SIMDWidth = attributes[10],
			       .memPitch = attributes[11],
			       .regsPerBlock = attributes[12],
			       .clockRate = attributes[13],
			       .textureAlign = attributes[14]};
	return SIM_OK;
}

IMPL(cuModuleGetLoadingMode)
{
	if (!p->mode)
		return SIM_INVALID_VALUE;
	*p->mode = 2; /* lazy */
	return SIM_OK;
}

IMPL(cuDeviceGetDefaultMemPool)
{
	if (!p->pool_out)
		return SIM_INVALID_VALUE;
	if (!device_of(p->dev))
		return SIM_INVALID_DEVICE;
	*p->pool_out = &device_of(p->dev)->default_pool;
	return SIM_OK;
}

IMPL(cuDeviceGetMemPool)
{
	if (!p->pool)
		return SIM_INVALID_VALUE;
	if (!device_of(p->dev))
		return SIM_INVALID_DEVICE;
	*p->pool = device_of(p->dev)->pool;
	return SIM_OK;
}

IMPL(cuDeviceSetMemPool)
{
	if (!device_of(p->dev))
		return SIM_INVALID_DEVICE;
	if (!p->pool || p->pool->magic != SIM_POOL)
		return SIM_INVALID_VALUE;
	device_of(p->dev)->pool = p->pool;
	return SIM_OK;
}

IMPL(cuDeviceGraphMemTrim)
{
	return device_of(p->device) ? SIM_OK : SIM_INVALID_DEVICE;
}
