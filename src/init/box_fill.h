/* What the image has where a place of the service is. */
#ifndef THIMBLE_INIT_BOX_FILL_H
#define THIMBLE_INIT_BOX_FILL_H

/* Copies what is in the folder FROM into the folder TO, with owners, modes and times: files, folders and
 * links; others are left out. Links are not followed. What is there already is taken for a part of a copy
 * that was not finished. 0, or -1 with errno, and as much copied as there was room for. Both descriptors are
 * closed. */
int box_fill(int from, int to);

#endif
