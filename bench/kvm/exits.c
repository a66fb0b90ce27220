/* Counts MMIO exits per second of an AArch64 guest that does nothing else: the least that a VMM
 * can do. Prints one number. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

static const uint32_t code[] = {
	0xd2a12000, /* mov x0, #0x09000000 */
	0xb9000001, /* str w1, [x0] */
	0x17ffffff, /* b .-4 */
};

static void check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 2;
	int kvm = open("/dev/kvm", O_RDWR), vm, vcpu;
	check(kvm, "open");
	check(vm = ioctl(kvm, KVM_CREATE_VM, 32), "KVM_CREATE_VM");
	uint8_t *ram = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memcpy(ram, code, sizeof code);
	struct kvm_userspace_memory_region slot = {
		.guest_phys_addr = 0x40000000, .memory_size = 1 << 20, .userspace_addr = (uintptr_t)ram };
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
	check(vcpu = ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	struct kvm_vcpu_init init;
	check(ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1 << KVM_ARM_VCPU_PSCI_0_2;
	check(ioctl(vcpu, KVM_ARM_VCPU_INIT, &init), "KVM_ARM_VCPU_INIT");
	uint64_t pc = 0x40000000;
	struct kvm_one_reg reg = { .id = 0x6030000000100040, .addr = (uintptr_t)&pc };
	check(ioctl(vcpu, KVM_SET_ONE_REG, &reg), "KVM_SET_ONE_REG");
	struct kvm_run *run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
				   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	long exits = 0;
	double start = now(), end;
	do {
		for (int i = 0; i < 1000; i++) {
			check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
			if (run->exit_reason != KVM_EXIT_MMIO || !run->mmio.is_write) return 2;
			exits++;
		}
		end = now();
	} while (end - start < seconds);
	printf("%.0f\n", exits / (end - start));
	return 0;
}
