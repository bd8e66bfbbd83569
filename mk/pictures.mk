# Pictures for the documentation, made from the running appliance.
# needs: out/NAME-ARCH.img, QEMU, OVMF
# makes: docs/img/screen*.svg and .png: one for each kind of display

# Each is made by: screen-picture KIND DISK PICTURE OPTIONS
PICTURES := screen.svg screen-serial-132x43.png screen-hvc.png screen-vga.png screen-uefi-1280x800.png screen-uefi-800x600.png
picture_screen.svg                := serial
picture_screen-serial-132x43.png  := serial --columns 132 --lines 43
picture_screen-hvc.png            := hvc
picture_screen-vga.png            := vga
picture_screen-uefi-1280x800.png  := uefi --mode 1280x800
picture_screen-uefi-800x600.png   := uefi --mode 800x600

.PHONY: pictures $(addprefix picture-,$(PICTURES))
pictures: $(addprefix picture-,$(PICTURES))
$(call deps_first,pictures,pictures picture-%)
$(addprefix picture-,$(PICTURES)): picture-%: img | deps-pictures
	$(call say,PICTURE,docs/img/$*)
	$(Q)mkdir -p docs/img
	$(Q)tools/screen-picture $(picture_$*) $(call result,img) docs/img/$*
