/* Who the package is. A command that is no package has a container and no package identity, as on Windows. */
#include "answers.h"

/* appmodel.h and winerror.h, not in every header. */
#define NO_PACKAGE 15700
#define NO_APPLICATION 15703

struct package_id {
    UINT32 reserved;
    UINT32 processor_architecture;
    UINT64 version;
    WCHAR *name, *publisher, *resource_id, *publisher_id;
};

static LONG text(enum about about, UINT32 *length, WCHAR *buffer, LONG none)
{
    struct answer found;
    if (!length || (*length && !buffer))
        return ERROR_INVALID_PARAMETER;
    if (!find(about, 0, &found))
        return none;
    UINT32 characters = found.length / sizeof(WCHAR), room = *length;
    *length = characters + 1;
    if (room <= characters)
        return ERROR_INSUFFICIENT_BUFFER;
    CopyMemory(buffer, found.bytes, found.length);
    buffer[characters] = 0;
    return ERROR_SUCCESS;
}

/* A text that follows the structure, with its end. */
static WCHAR *put(enum about about, BYTE **end)
{
    struct answer found;
    if (!find(about, 0, &found))
        return NULL;
    WCHAR *text = (WCHAR *)*end;
    CopyMemory(text, found.bytes, found.length);
    text[found.length / sizeof(WCHAR)] = 0;
    *end += found.length + sizeof(WCHAR);
    return text;
}

static LONG id(UINT32 *length, BYTE *buffer)
{
    static const enum about texts[] = { NAME, PUBLISHER, RESOURCE_ID, PUBLISHER_ID };
    struct answer version, found;
    if (!length || (*length && !buffer))
        return ERROR_INVALID_PARAMETER;
    if (!find(PACKAGE_VERSION, 0, &version) || version.length != sizeof(UINT32) + sizeof(UINT64))
        return NO_PACKAGE;
    UINT32 room = *length, size = sizeof(struct package_id);
    for (ULONG at = 0; at < ARRAYSIZE(texts); at++)
        if (find(texts[at], 0, &found))
            size += found.length + sizeof(WCHAR);
    *length = size;
    if (room < size)
        return ERROR_INSUFFICIENT_BUFFER;
    struct package_id *id = (struct package_id *)buffer;
    BYTE *end = buffer + sizeof *id;
    id->reserved = 0;
    CopyMemory(&id->processor_architecture, version.bytes, sizeof(UINT32));
    CopyMemory(&id->version, version.bytes + sizeof(UINT32), sizeof(UINT64));
    id->name = put(NAME, &end);
    id->publisher = put(PUBLISHER, &end);
    id->resource_id = put(RESOURCE_ID, &end);
    id->publisher_id = put(PUBLISHER_ID, &end);
    return ERROR_SUCCESS;
}

LONG WINAPI told_GetCurrentPackageFullName(UINT32 *length, WCHAR *buffer)
{
    return text(FULL_NAME, length, buffer, NO_PACKAGE);
}

LONG WINAPI told_GetCurrentPackageFamilyName(UINT32 *length, WCHAR *buffer)
{
    return text(FAMILY_NAME, length, buffer, NO_PACKAGE);
}

LONG WINAPI told_GetCurrentApplicationUserModelId(UINT32 *length, WCHAR *buffer)
{
    return text(APPLICATION, length, buffer, NO_APPLICATION);
}

LONG WINAPI told_GetCurrentPackageId(UINT32 *length, BYTE *buffer)
{
    return id(length, buffer);
}

LONG WINAPI told_GetCurrentPackagePath(UINT32 *length, WCHAR *buffer)
{
    struct answer name;
    return text(PACKAGE_FOLDER, length, buffer, find(FULL_NAME, 0, &name) ? ERROR_NOT_FOUND : NO_PACKAGE);
}

/* The same of another process: all that can be reached are of this container. */
LONG WINAPI told_GetPackageFullName(HANDLE process, UINT32 *length, WCHAR *buffer)
{
    return GetProcessId(process) ? text(FULL_NAME, length, buffer, NO_PACKAGE) : ERROR_INVALID_HANDLE;
}

LONG WINAPI told_GetPackageFamilyName(HANDLE process, UINT32 *length, WCHAR *buffer)
{
    return GetProcessId(process) ? text(FAMILY_NAME, length, buffer, NO_PACKAGE) : ERROR_INVALID_HANDLE;
}

LONG WINAPI told_GetApplicationUserModelId(HANDLE process, UINT32 *length, WCHAR *buffer)
{
    return GetProcessId(process) ? text(APPLICATION, length, buffer, NO_APPLICATION) : ERROR_INVALID_HANDLE;
}

LONG WINAPI told_GetPackageId(HANDLE process, UINT32 *length, BYTE *buffer)
{
    return GetProcessId(process) ? id(length, buffer) : ERROR_INVALID_HANDLE;
}
