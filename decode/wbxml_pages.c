/*
 * wbxml_pages.c - the tags of ActiveSync by code page and token (MS-ASWBXML 2.1.2.1), those of
 * versions 1.0 to 12.0 that later ones dropped included. Each table begins with token 5.
 */
#include "decode/wbxml.h"

enum { FIRST_TOKEN = 5 };

static const char *const airsync[] = {
	/* 05 */ "Sync", "Responses", "Add",
	/* 08 */ "Change", "Delete", "Fetch", "SyncKey", "ClientId", "ServerId", "Status",
	"Collection",
	/* 10 */ "Class", "Version", "CollectionId", "GetChanges", "MoreAvailable", "WindowSize",
	"Commands", "Options",
	/* 18 */ "FilterType", "Truncation", "RtfTruncation", "Conflict", "Collections",
	"ApplicationData", "DeletesAsMoves", "NotifyGUID",
	/* 20 */ "Supported", "SoftDelete", "MIMESupport", "MIMETruncation", "Wait", "Limit",
	"Partial", "ConversationMode",
	/* 28 */ "MaxItems", "HeartbeatInterval"
};

static const char *const contacts[] = {
	/* 05 */ "Anniversary", "AssistantName", "AssistantPhoneNumber",
	/* 08 */ "Birthday", "Body", "BodySize", "BodyTruncated", "Business2PhoneNumber",
	"BusinessAddressCity", "BusinessAddressCountry", "BusinessAddressPostalCode",
	/* 10 */ "BusinessAddressState", "BusinessAddressStreet", "BusinessFaxNumber",
	"BusinessPhoneNumber", "CarPhoneNumber", "Categories", "Category", "Children",
	/* 18 */ "Child", "CompanyName", "Department", "Email1Address", "Email2Address",
	"Email3Address", "FileAs", "FirstName",
	/* 20 */ "Home2PhoneNumber", "HomeAddressCity", "HomeAddressCountry",
	"HomeAddressPostalCode", "HomeAddressState", "HomeAddressStreet", "HomeFaxNumber",
	"HomePhoneNumber",
	/* 28 */ "JobTitle", "LastName", "MiddleName", "MobilePhoneNumber", "OfficeLocation",
	"OtherAddressCity", "OtherAddressCountry", "OtherAddressPostalCode",
	/* 30 */ "OtherAddressState", "OtherAddressStreet", "PagerNumber", "RadioPhoneNumber",
	"Spouse", "Suffix", "Title", "WebPage",
	/* 38 */ "YomiCompanyName", "YomiFirstName", "YomiLastName", "CompressedRTF", "Picture",
	"Alias", "WeightedRank"
};

static const char *const email[] = {
	/* 05 */ "Attachment", "Attachments", "AttName",
	/* 08 */ "AttSize", "Att0Id", "AttMethod", "AttRemoved", "Body", "BodySize",
	"BodyTruncated", "DateReceived",
	/* 10 */ "DisplayName", "DisplayTo", "Importance", "MessageClass", "Subject", "Read", "To",
	"Cc",
	/* 18 */ "From", "ReplyTo", "AllDayEvent", "Categories", "Category", "DtStamp", "EndTime",
	"InstanceType",
	/* 20 */ "BusyStatus", "Location", "MeetingRequest", "Organizer", "RecurrenceId",
	"Reminder", "ResponseRequested", "Recurrences",
	/* 28 */ "Recurrence", "Type", "Until", "Occurrences", "Interval", "DayOfWeek",
	"DayOfMonth", "WeekOfMonth",
	/* 30 */ "MonthOfYear", "StartTime", "Sensitivity", "TimeZone", "GlobalObjId",
	"ThreadTopic", "MIMEData", "MIMETruncated",
	/* 38 */ "MIMESize", "InternetCPID", "Flag", "Status", "ContentClass", "FlagType",
	"CompleteTime", "DisallowNewTimeProposal"
};

static const char *const air_notify[] = {
	/* 05 */ "Notify", "Notification", "Version",
	/* 08 */ "LifeTime", "DeviceInfo", "Enable", "Folder", "ServerId", "DeviceAddress",
	"ValidCarrierProfiles", "CarrierProfile",
	/* 10 */ "Status", "Responses", "Devices", "Device", "Id", "Expiry", "NotifyGUID",
	"DeviceFriendlyName"
};

static const char *const calendar[] = {
	/* 05 */ "Timezone", "AllDayEvent", "Attendees",
	/* 08 */ "Attendee", "Email", "Name", "Body", "BodyTruncated", "BusyStatus", "Categories",
	"Category",
	/* 10 */ "CompressedRTF", "DtStamp", "EndTime", "Exception", "Exceptions", "Deleted",
	"ExceptionStartTime", "Location",
	/* 18 */ "MeetingStatus", "OrganizerEmail", "OrganizerName", "Recurrence", "Type", "Until",
	"Occurrences", "Interval",
	/* 20 */ "DayOfWeek", "DayOfMonth", "WeekOfMonth", "MonthOfYear", "Reminder", "Sensitivity",
	"Subject", "StartTime",
	/* 28 */ "UID", "AttendeeStatus", "AttendeeType", NULL, NULL, NULL, NULL, NULL,
	/* 30 */ NULL, NULL, NULL, "DisallowNewTimeProposal", "ResponseRequested",
	"AppointmentReplyTime", "ResponseType", "CalendarType",
	/* 38 */ "IsLeapMonth", "FirstDayOfWeek", "OnlineMeetingConfLink",
	"OnlineMeetingExternalLink", "ClientUid"
};

static const char *const move[] = {
	/* 05 */ "MoveItems", "Move", "SrcMsgId",
	/* 08 */ "SrcFldId", "DstFldId", "Response", "Status", "DstMsgId"
};

static const char *const item_estimate[] = {
	/* 05 */ "GetItemEstimate", "Version", "Collections",
	/* 08 */ "Collection", "Class", "CollectionId", "DateTime", "Estimate", "Response", "Status"
};

static const char *const folder_hierarchy[] = {
	/* 05 */ "Folders", "Folder", "DisplayName",
	/* 08 */ "ServerId", "ParentId", "Type", "Response", "Status", "ContentClass", "Changes",
	"Add",
	/* 10 */ "Delete", "Update", "SyncKey", "FolderCreate", "FolderDelete", "FolderUpdate",
	"FolderSync", "Count",
	/* 18 */ "Version"
};

static const char *const meeting_response[] = {
	/* 05 */ "CalendarId", "CollectionId", "MeetingResponse",
	/* 08 */ "RequestId", "Request", "Result", "Status", "UserResponse", "Version",
	"InstanceId", NULL,
	/* 10 */ "ProposedStartTime", "ProposedEndTime", "SendResponse"
};

static const char *const tasks[] = {
	/* 05 */ "Body", "BodySize", "BodyTruncated",
	/* 08 */ "Categories", "Category", "Complete", "DateCompleted", "DueDate", "UtcDueDate",
	"Importance", "Recurrence",
	/* 10 */ "Type", "Start", "Until", "Occurrences", "Interval", "DayOfMonth", "DayOfWeek",
	"WeekOfMonth",
	/* 18 */ "MonthOfYear", "Regenerate", "DeadOccur", "ReminderSet", "ReminderTime",
	"Sensitivity", "StartDate", "UtcStartDate",
	/* 20 */ "Subject", "CompressedRTF", "OrdinalDate", "SubOrdinalDate", "CalendarType",
	"IsLeapMonth", "FirstDayOfWeek"
};

static const char *const resolve_recipients[] = {
	/* 05 */ "ResolveRecipients", "Response", "Status",
	/* 08 */ "Type", "Recipient", "DisplayName", "EmailAddress", "Certificates", "Certificate",
	"MiniCertificate", "Options",
	/* 10 */ "To", "CertificateRetrieval", "RecipientCount", "MaxCertificates",
	"MaxAmbiguousRecipients", "CertificateCount", "Availability", "StartTime",
	/* 18 */ "EndTime", "MergedFreeBusy", "Picture", "MaxSize", "Data", "MaxPictures"
};

static const char *const validate_cert[] = {
	/* 05 */ "ValidateCert", "Certificates", "Certificate",
	/* 08 */ "CertificateChain", "CheckCRL", "Status"
};

static const char *const contacts2[] = {
	/* 05 */ "CustomerId", "GovernmentId", "IMAddress",
	/* 08 */ "IMAddress2", "IMAddress3", "ManagerName", "CompanyMainPhone", "AccountName",
	"NickName", "MMS"
};

static const char *const ping[] = {
	/* 05 */ "Ping", "AutdState", "Status",
	/* 08 */ "HeartbeatInterval", "Folders", "Folder", "Id", "Class", "MaxFolders"
};

static const char *const provision[] = {
	/* 05 */ "Provision", "Policies", "Policy",
	/* 08 */ "PolicyType", "PolicyKey", "Data", "Status", "RemoteWipe", "EASProvisionDoc",
	"DevicePasswordEnabled", "AlphanumericDevicePasswordRequired",
	/* 10 */ "RequireStorageCardEncryption", "PasswordRecoveryEnabled", "DocumentBrowseEnabled",
	"AttachmentsEnabled", "MinDevicePasswordLength", "MaxInactivityTimeDeviceLock",
	"MaxDevicePasswordFailedAttempts", "MaxAttachmentSize",
	/* 18 */ "AllowSimpleDevicePassword", "DevicePasswordExpiration", "DevicePasswordHistory",
	"AllowStorageCard", "AllowCamera", "RequireDeviceEncryption", "AllowUnsignedApplications",
	"AllowUnsignedInstallationPackages",
	/* 20 */ "MinDevicePasswordComplexCharacters", "AllowWiFi", "AllowTextMessaging",
	"AllowPOPIMAPEmail", "AllowBluetooth", "AllowIrDA", "RequireManualSyncWhenRoaming",
	"AllowDesktopSync",
	/* 28 */ "MaxCalendarAgeFilter", "AllowHTMLEmail", "MaxEmailAgeFilter",
	"MaxEmailBodyTruncationSize", "MaxEmailHTMLBodyTruncationSize",
	"RequireSignedSMIMEMessages", "RequireEncryptedSMIMEMessages",
	"RequireSignedSMIMEAlgorithm",
	/* 30 */ "RequireEncryptionSMIMEAlgorithm", "AllowSMIMEEncryptionAlgorithmNegotiation",
	"AllowSMIMESoftCerts", "AllowBrowser", "AllowConsumerEmail", "AllowRemoteDesktop",
	"AllowInternetSharing", "UnapprovedInROMApplicationList",
	/* 38 */ "ApplicationName", "ApprovedApplicationList", "Hash", "AccountOnlyRemoteWipe"
};

static const char *const search[] = {
	/* 05 */ "Search", NULL, "Store",
	/* 08 */ "Name", "Query", "Options", "Range", "Status", "Response", "Result", "Properties",
	/* 10 */ "Total", "EqualTo", "Value", "And", "Or", "FreeText", NULL, "DeepTraversal",
	/* 18 */ "LongId", "RebuildResults", "LessThan", "GreaterThan", "Schema", "Supported",
	"UserName", "Password",
	/* 20 */ "ConversationId", "Picture", "MaxSize", "MaxPictures"
};

static const char *const gal[] = {
	/* 05 */ "DisplayName", "Phone", "Office",
	/* 08 */ "Title", "Company", "Alias", "FirstName", "LastName", "HomePhone", "MobilePhone",
	"EmailAddress",
	/* 10 */ "Picture", "Status", "Data"
};

static const char *const airsync_base[] = {
	/* 05 */ "BodyPreference", "Type", "TruncationSize",
	/* 08 */ "AllOrNone", NULL, "Body", "Data", "EstimatedDataSize", "Truncated", "Attachments",
	"Attachment",
	/* 10 */ "DisplayName", "FileReference", "Method", "ContentId", "ContentLocation",
	"IsInline", "NativeBodyType", "ContentType",
	/* 18 */ "Preview", "BodyPartPreference", "BodyPart", "Status", "Add", "Delete", "ClientId",
	"Content",
	/* 20 */ "Location", "Annotation", "Street", "City", "State", "Country", "PostalCode",
	"Latitude",
	/* 28 */ "Longitude", "Accuracy", "Altitude", "AltitudeAccuracy", "LocationUri",
	"InstanceId"
};

static const char *const settings[] = {
	/* 05 */ "Settings", "Status", "Get",
	/* 08 */ "Set", "Oof", "OofState", "StartTime", "EndTime", "OofMessage",
	"AppliesToInternal", "AppliesToExternalKnown",
	/* 10 */ "AppliesToExternalUnknown", "Enabled", "ReplyMessage", "BodyType",
	"DevicePassword", "Password", "DeviceInformation", "Model",
	/* 18 */ "IMEI", "FriendlyName", "OS", "OSLanguage", "PhoneNumber", "UserInformation",
	"EmailAddresses", "SMTPAddress",
	/* 20 */ "UserAgent", "EnableOutboundSMS", "MobileOperator", "PrimarySmtpAddress",
	"Accounts", "Account", "AccountId", "AccountName",
	/* 28 */ "UserDisplayName", "SendDisabled", NULL, "RightsManagementInformation"
};

static const char *const document_library[] = {
	/* 05 */ "LinkId", "DisplayName", "IsFolder",
	/* 08 */ "CreationDate", "LastModifiedDate", "IsHidden", "ContentLength", "ContentType"
};

static const char *const item_operations[] = {
	/* 05 */ "ItemOperations", "Fetch", "Store",
	/* 08 */ "Options", "Range", "Total", "Properties", "Data", "Status", "Response", "Version",
	/* 10 */ "Schema", "Part", "EmptyFolderContents", "DeleteSubFolders", "UserName",
	"Password", "Move", "DstFldId",
	/* 18 */ "ConversationId", "MoveAlways"
};

static const char *const compose_mail[] = {
	/* 05 */ "SendMail", "SmartForward", "SmartReply",
	/* 08 */ "SaveInSentItems", "ReplaceMime", NULL, "Source", "FolderId", "ItemId", "LongId",
	"InstanceId",
	/* 10 */ "Mime", "ClientId", "Status", "AccountId", NULL, "Forwardees", "Forwardee", "Name",
	/* 18 */ "Email"
};

static const char *const email2[] = {
	/* 05 */ "UmCallerID", "UmUserNotes", "UmAttDuration",
	/* 08 */ "UmAttOrder", "ConversationId", "ConversationIndex", "LastVerbExecuted",
	"LastVerbExecutionTime", "ReceivedAsBcc", "Sender", "CalendarType",
	/* 10 */ "IsLeapMonth", "AccountId", "FirstDayOfWeek", "MeetingMessageType", NULL,
	"IsDraft", "Bcc", "Send"
};

static const char *const notes[] = {
	/* 05 */ "Subject", "MessageClass", "LastModifiedDate",
	/* 08 */ "Categories", "Category"
};

static const char *const rights_management[] = {
	/* 05 */ "RightsManagementSupport", "RightsManagementTemplates", "RightsManagementTemplate",
	/* 08 */ "RightsManagementLicense", "EditAllowed", "ReplyAllowed", "ReplyAllAllowed",
	"ForwardAllowed", "ModifyRecipientsAllowed", "ExtractAllowed", "PrintAllowed",
	/* 10 */ "ExportAllowed", "ProgrammaticAccessAllowed", "Owner", "ContentExpiryDate",
	"TemplateID", "TemplateName", "TemplateDescription", "ContentOwner",
	/* 18 */ "RemoveRightsManagementProtection"
};

static const char *const find[] = {
	/* 05 */ "Find", "SearchId", "ExecuteSearch",
	/* 08 */ "MailBoxSearchCriterion", "Query", "Status", "FreeText", "Options", "Range",
	"DeepTraversal", NULL,
	/* 10 */ NULL, "Response", "Result", "Properties", "Preview", "HasAttachments", "Total",
	"DisplayCc",
	/* 18 */ "DisplayBcc", "GalSearchCriterion", NULL, NULL, NULL, NULL, NULL, NULL,
	/* 20 */ "MaxPictures", "MaxSize", "Picture"
};

struct page {
	const char *name;
	const char *const *tags;
	size_t n;
};

#define PAGE(name, tags) \
	{ \
		name, tags, sizeof(tags) / sizeof((tags)[0]) \
	}

static const struct page pages[] = {
	[0] = PAGE("AirSync", airsync),
	[1] = PAGE("Contacts", contacts),
	[2] = PAGE("Email", email),
	[3] = PAGE("AirNotify", air_notify),
	[4] = PAGE("Calendar", calendar),
	[5] = PAGE("Move", move),
	[6] = PAGE("GetItemEstimate", item_estimate),
	[7] = PAGE("FolderHierarchy", folder_hierarchy),
	[8] = PAGE("MeetingResponse", meeting_response),
	[9] = PAGE("Tasks", tasks),
	[10] = PAGE("ResolveRecipients", resolve_recipients),
	[11] = PAGE("ValidateCert", validate_cert),
	[12] = PAGE("Contacts2", contacts2),
	[13] = PAGE("Ping", ping),
	[14] = PAGE("Provision", provision),
	[15] = PAGE("Search", search),
	[16] = PAGE("GAL", gal),
	[17] = PAGE("AirSyncBase", airsync_base),
	[18] = PAGE("Settings", settings),
	[19] = PAGE("DocumentLibrary", document_library),
	[20] = PAGE("ItemOperations", item_operations),
	[21] = PAGE("ComposeMail", compose_mail),
	[22] = PAGE("Email2", email2),
	[23] = PAGE("Notes", notes),
	[24] = PAGE("RightsManagement", rights_management),
	[25] = PAGE("Find", find),
};

enum { PAGES = sizeof(pages) / sizeof(pages[0]) };

struct slice wbxml_page_name(uint8_t page)
{
	return page < PAGES ? slice_from(pages[page].name) : (struct slice){ NULL, 0 };
}

struct slice wbxml_tag_name(uint8_t page, uint8_t token)
{
	if (page >= PAGES || token < FIRST_TOKEN || token - FIRST_TOKEN >= (int)pages[page].n)
		return (struct slice){ NULL, 0 };
	const char *name = pages[page].tags[token - FIRST_TOKEN];
	return name != NULL ? slice_from(name) : (struct slice){ NULL, 0 };
}
