package rules

import "time"

// DefaultImageAge is how old an image may be before it counts as stale.
const DefaultImageAge = 30 * 24 * time.Hour

// Parameters are the settings of the rules that have any; the zero value is the default.
type Parameters struct {
	// ImageAge is how old an image may be, 0 for DefaultImageAge.
	ImageAge time.Duration
	// Capabilities are those that cap-dangerous lets pass, in the kernel's spelling ("CAP_NET_ADMIN").
	Capabilities []string
	// Mounts are the host's paths that host-path lets pass: globs, or DIRECTORY/** for all below.
	Mounts []string
	// Registries are those that images may come from; none for every one.
	Registries []string
}

// All returns the catalogue, in the order in which readers see it.
func All(p Parameters) []Rule {
	if p.ImageAge == 0 {
		p.ImageAge = DefaultImageAge
	}
	return []Rule{
		// What the container may do.
		privileged,
		capDropAll,
		capDangerous(p.Capabilities),
		noNewPrivileges,
		seccompOff,
		apparmorOff,
		selinuxOff,
		procUnmasked,
		// Who it is.
		rootUser,
		userNobody,
		uidMap,
		uidMapShared,
		groupsKept,
		// What it sees of the host.
		engineSocket,
		hostSocket,
		hostPathRule(p.Mounts),
		mountShared,
		mountRelabel,
		mountChown,
		device,
		pidHost,
		ipcHost,
		networkHost,
		utsHost,
		cgroupHost,
		// What it can write.
		readOnly,
		tmpfsExec,
		// Whom it talks to.
		portExposed,
		portPrivileged,
		defaultNetwork,
		networkLoopback,
		sysctl,
		// How much it may take.
		memoryLimit,
		pidsLimit,
		cpuLimit,
		oom,
		// What it is made from.
		staleImage(p.ImageAge),
		autoUpdate,
		imageShortName,
		imageUnpinned,
		imageUnsigned,
		imageUntrusted(p.Registries),
		imageOld(p.ImageAge),
		imageRoot,
		imageEnvHost,
		imageSecretFile,
		imageAltered,
		imageUnowned,
		imageNoDatabase,
		imageConfig,
		imageEOL,
		imageSetuid,
		imageWritable,
		imageUnreproducible,
		registryInsecure,
		// What it gives away.
		plaintextSecret,
		secretInImage,
		secretEnv,
		secretFile,
		envHost,
		// How it is run.
		healthcheck,
		logNone,
		restartForever,
		sshd,
		codeAtStart,
		execPrivileged,
		ignoredSetting,
		unitWritable,
		// The machine.
		hostAPI,
		hostRootful,
		engineDefaults,
		subidOverlap,
	}
}
