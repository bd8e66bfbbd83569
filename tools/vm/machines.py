"""How QEMU is called: accelerators, machine types and NICs as tables, and the command line made of them."""

import collections
import os
import platform

# The guest's processor, as make exports it.
ARCH = os.environ.get("ARCH", platform.machine())
QEMU = f"qemu-system-{ARCH}"

FLAGS_OF_VIRTUALISATION = {"vmx", "svm"}

# argv: the machine; nic: the usual model; slots: where a NIC can be plugged into a running guest; vga; button:
# whether it has a power button, and the guest can switch itself off; emulated: more of argv without KVM.
Machine = collections.namedtuple("Machine", "argv nic slots vga button emulated", defaults=[True, []])

MACHINES = {
    "pc": Machine(["-machine", "pc"], "virtio-net-pci", ["pci.0", "pci.0"], ["-vga", "std"]),
    "q35": Machine(["-machine", "q35",
                    "-device", "pcie-root-port,id=slot1,chassis=1,slot=1,addr=0x10",
                    "-device", "pcie-root-port,id=slot2,chassis=2,slot=2,addr=0x11"],
                   "virtio-net-pci", ["slot1", "slot2"], ["-vga", "std"]),
    # Hot-plug by PCI Express itself (attention button, 5 s) instead of by ACPI.
    "q35-native": Machine(["-machine", "q35",
                           "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off",
                           "-device", "pcie-root-port,id=slot1,chassis=1,slot=1,addr=0x10",
                           "-device", "pcie-root-port,id=slot2,chassis=2,slot=2,addr=0x11"],
                          "virtio-net-pci", ["slot1", "slot2"], ["-vga", "std"]),
    # With acpi=on there is no timer interrupt but the APIC's, whose calibration fails in emulation on a busy
    # host; without ACPI the guest cannot switch itself off.
    "microvm": Machine(["-machine", "microvm,acpi=off,rtc=on,isa-serial=on",
                        "-global", "virtio-mmio.force-legacy=false"],
                       "virtio-net-device", [], [], False),
    # PCI Express is found by ACPI alone, and this ACPI has no timer but the APIC's, calibrated against the TSC, and that
    # against the PIT in the first milliseconds. Counted instructions make that sure (kernel/README.md, "Known limits").
    "microvm-pcie": Machine(["-machine", "microvm,acpi=on,pcie=on,rtc=on,isa-serial=on"], "virtio-net-pci", [], [],
                            emulated=["-icount", "shift=auto"]),
}
# The machine of another processor (mk/arch), as it is.
if own := os.environ.get("QEMU_MACHINE"):
    MACHINES.setdefault(own, Machine(["-machine", own], "virtio-net-pci", [], []))

# netdev: what follows -netdev, without its id.
Nic = collections.namedtuple("Nic", "netdev model mac", defaults=[None, None])


def processor_flags(path="/proc/cpuinfo"):
    with open(path) as lines:
        for line in lines:
            if line.startswith("flags"):
                return set(line.partition(":")[2].split())
    return set()


def why_not_kvm(device="/dev/kvm"):
    """None when KVM works here, else the reason in words. A device file alone proves nothing: emulations
    of it exist that run a boot sector and fail in a kernel."""
    if platform.machine() != ARCH:
        return f"the host is {platform.machine()}"
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return f"{device}: {error.strerror}"
    if not processor_flags() & FLAGS_OF_VIRTUALISATION:
        return "the processor's flags hold neither vmx nor svm"
    return None


def choose_accelerator(wish=None):
    """(name, why): WISH when it is given ("kvm", "tcg"), else KVM where it works, else TCG."""
    if wish:
        if wish not in ACCELERATORS:
            raise ValueError(f"ACCEL={wish}: one of: {' '.join(ACCELERATORS)}")
        return wish, "as asked for"
    why = why_not_kvm()
    return ("tcg", f"no KVM: {why}") if why else ("kvm", "the processor and /dev/kvm have it")


# The processor that each accelerator shows best, and how long a boot may show nothing.
Accelerator = collections.namedtuple("Accelerator", "argv cpu silence_s")
ACCELERATORS = {
    "kvm": Accelerator(["-accel", "kvm"], "host", 20),
    "tcg": Accelerator(["-accel", "tcg,tb-size=64"], "max", 60),
}


def nic_argv(number, nic, machine):
    """-netdev and -device of NIC: netNUMBER and nicNUMBER."""
    device = f"{nic.model or MACHINES[machine].nic},netdev=net{number},id=nic{number}"
    if nic.mac:
        device += f",mac={nic.mac}"
    return ["-netdev", f"{nic.netdev},id=net{number}", "-device", device]


def shell_argv(machine, path):
    """A second virtio console at the Unix socket PATH: the shell of an image built with DEBUG=1."""
    bus = "virtio-serial-device" if machine == "microvm" else "virtio-serial-pci"
    return ["-device", bus, "-chardev", "null,id=hvc0", "-device", "virtconsole,chardev=hvc0",
            "-chardev", f"socket,id=hvc1,path={path},server=on,wait=off", "-device", "virtconsole,chardev=hvc1"]


def command_line(image, machine, accelerator, memory_mb, serial_fd, qmp_fd, nics=(), cpu=None, append="",
                 extra=()):
    """QEMU's argv: IMAGE booted directly, its first serial port on SERIAL_FD and QMP on QMP_FD, both
    connected sockets. IMAGE None: what EXTRA says is booted."""
    argv = [QEMU, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            *MACHINES[machine].argv, *MACHINES[machine].vga, *ACCELERATORS[accelerator].argv,
            "-cpu", cpu or ACCELERATORS[accelerator].cpu, "-m", f"{memory_mb}M",
            "-chardev", f"socket,id=serial,fd={serial_fd}", "-serial", "chardev:serial",
            "-chardev", f"socket,id=qmp,fd={qmp_fd}", "-mon", "chardev=qmp,mode=control"]
    if image is not None:
        argv += ["-kernel", str(image)]
        if append:
            argv += ["-append", append]
    if accelerator == "tcg":
        argv += MACHINES[machine].emulated
    for number, nic in enumerate(nics):
        argv += nic_argv(number, nic, machine)
    return argv + list(extra)
