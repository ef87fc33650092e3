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
