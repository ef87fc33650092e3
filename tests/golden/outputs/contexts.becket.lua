becket.add({
	enums = {
	},
	messages = {
		["ctx.OpenRequest"] = { fields = {
			[1] = { name = "name", type = "string" },
		} },
		["ctx.OpenResponse"] = { fields = {
			[1] = { name = "handle", type = "bytes" },
		} },
		["ctx.LookRequest"] = { fields = {
			[1] = { name = "what", type = "string" },
			[2] = { name = "handle", type = "bytes" },
		} },
		["ctx.LookResponse"] = { fields = {
			[1] = { name = "seen", type = "string" },
		} },
		["ctx.MoveRequest"] = { fields = {
			[1] = { name = "binding", type = "bytes" },
			[2] = { name = "status", type = "bytes" },
		} },
		["ctx.MoveResponse"] = { fields = {
			[1] = { name = "to", type = "bytes" },
			[2] = { name = "status", type = "bytes" },
			[3] = { name = "plain", type = "bytes" },
		} },
		["ctx.FillResponse"] = { fields = {
			[1] = { name = "handle", type = "bytes" },
			[2] = { name = "pieces", type = "uint32" },
		} },
		["ctx.RaceRequest"] = { fields = {
			[1] = { name = "stream", type = "bytes" },
			[2] = { name = "request", type = "bytes" },
		} },
	},
	interfaces = {
		{
			name = "ctx.Store",
			uuid = "eea425e1-3015-5eb7-9132-193edc152d6c",
			major = 1,
			operations = {
				[0] = {
					name = "Open",
					request = "ctx.OpenRequest",
					response = "ctx.OpenResponse",
				},
				[1] = {
					name = "Look",
					request = "ctx.LookRequest",
					response = "ctx.LookResponse",
				},
				[2] = {
					name = "Change",
					request = "ctx.LookRequest",
					response = "ctx.LookResponse",
				},
				[3] = {
					name = "Close",
					request = "ctx.OpenResponse",
					response = "ctx.OpenResponse",
				},
				[4] = {
					name = "Move",
					request = "ctx.MoveRequest",
					response = "ctx.MoveResponse",
				},
				[5] = {
					name = "Plain",
					request = "ctx.OpenRequest",
					response = "ctx.OpenRequest",
				},
				[6] = {
					name = "Watch",
					request = "ctx.LookRequest",
					response = "ctx.LookResponse",
					is_stream = true,
				},
				[7] = {
					name = "Fill",
					request = "ctx.OpenRequest",
					response = "ctx.FillResponse",
					is_stream = true,
				},
				[8] = {
					name = "Race",
					request = "ctx.RaceRequest",
					response = "ctx.OpenRequest",
					is_stream = true,
				},
			},
		},
		{
			name = "ctx.Other",
			uuid = "b67a0a44-6043-580b-b891-6344ae9e611a",
			major = 1,
			operations = {
				[0] = {
					name = "Open",
					request = "ctx.OpenRequest",
					response = "ctx.OpenResponse",
				},
			},
		},
	},
})
