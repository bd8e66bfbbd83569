qcow2_WHAT  := compressed
qcow2_FOR   := QEMU, libvirt, Proxmox, KubeVirt, OpenStack
qcow2_FROM  := disk
qcow2_TOOLS := qemu-utils
qcow2_QEMU  := qcow2
qcow2_MAGIC := 0:514649fb
