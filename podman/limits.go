package podman

// Limits is how much of the machine a container can use up.
type Limits struct {
	// Memory is the most bytes of memory, 0 for no limit.
	Memory Setting[int64]
	// PIDs is the most processes, 0 or less for no limit.
	PIDs Setting[int64]
	// CPU is whether the time on the CPUs, or which of them, is limited.
	CPU Setting[bool]
	// OOMKillDisabled is whether the kernel spares it when memory runs out.
	OOMKillDisabled Setting[bool]
	// OOMScore is added to the score by which the kernel chooses what to kill: from -1000, spared, to 1000.
	OOMScore Setting[int]
}
