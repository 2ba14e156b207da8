package podman

// Lifecycle is how a container is watched, kept running and kept up to date.
type Lifecycle struct {
	// Health is "check" where there is a health check, "none" where the image's was switched off, empty without one.
	Health Setting[string]
	// LogDriver is "journald", "k8s-file", "json-file", "passthrough" or "none".
	LogDriver Setting[string]
	// Restart is the restart policy: "no", "on-failure", "always", "unless-stopped".
	Restart Setting[string]
	// Retries is how often on-failure tries, 0 for ever.
	Retries int
	// AutoUpdate is the label io.containers.autoupdate: "registry", "local", or empty.
	AutoUpdate Setting[string]
	// AuthFile is the label io.containers.autoupdate.authfile: where podman auto-update takes its credentials from,
	// empty for the usual place.
	AuthFile string
	// UpdateUnit is the systemd unit that podman auto-update starts anew, empty for none, without which it fails: that
	// of the container, or for a member of a pod, from Podman 4.5 on, that of the infra container. It is unknown for a
	// definition.
	UpdateUnit Setting[string]
	// Notify is who tells systemd that the container is up: "conmon" as soon as it is started, "container" itself,
	// "healthy" its health check, "ignore" nobody.
	Notify Setting[string]
	// Foreground is whether what makes the container waits for its end, as `podman run` does without --detach.
	Foreground bool
	// RunsOnce is whether it is known to do its work and end, rather than to serve: nothing has to notice that it
	// stopped, and podman auto-update looks only at containers that run.
	RunsOnce bool
}

// RunsOnce reports whether the container, or the one that its unit makes, is known to do its work and end.
func (c *Container) RunsOnce() bool {
	return c.Lifecycle.RunsOnce || c.FromUnit != nil && c.FromUnit.Lifecycle.RunsOnce
}

// AutoUpdated reports whether podman auto-update is to keep the container up to date ("image" is its old word for
// "registry").
func (c *Container) AutoUpdated() bool {
	u := c.Lifecycle.AutoUpdate
	return u.Known() && (u.Value == "registry" || u.Value == "image" || u.Value == "local")
}

// RollsBack reports whether podman auto-update would notice that a new image does not work and go back: systemd's start
// of the unit must fail, which it does where the service, or its health check, has to say that it is up
// (podman-auto-update(1), --rollback). It is true where that is not known.
func (c *Container) RollsBack() bool {
	notify := c.Lifecycle.Notify
	return !notify.Known() || notify.Value != "conmon" && notify.Value != "ignore"
}
