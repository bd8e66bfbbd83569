vmdk_WHAT  := streamOptimized: compressed, in one file
vmdk_FOR   := VMware imports
vmdk_FROM  := disk
vmdk_TOOLS := python3
vmdk_QEMU  := vmdk
vmdk_MAGIC := 0:4b444d56
