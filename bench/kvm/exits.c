/* The least that a VMM can do: runs a vCPU whose guest does nothing but write to a device, for a
 * number of exits. A library, so that armvm's loop and this one run the same vCPU in turns. */
#include <linux/kvm.h>
#include <sys/ioctl.h>

/* How many exits there were, or -1 when one was of another kind. */
int run_exits(int fd, struct kvm_run *run, int count)
{
	int seen = 0;
	while (seen < count) {
		if (ioctl(fd, KVM_RUN, 0) < 0)
			return -1;
		if (run->exit_reason != KVM_EXIT_MMIO || !run->mmio.is_write)
			return -1;
		seen++;
	}
	return seen;
}
